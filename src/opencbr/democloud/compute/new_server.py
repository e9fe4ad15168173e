"""The document of a new server: what is stored of it, and what stands there when nobody said otherwise."""

import secrets

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.state import Doc, pick


def server_document(
    backend: Backend, *, project_id: str, user_id: str, name: str, flavor: Doc, **fields: object
) -> Doc:
    """Return a server in BUILD, with `fields` in place of the defaults; it is not stored yet."""
    now = backend.clock.zulu_time()
    doc: Doc = {"id": new_uuid(), "project_id": project_id, "user_id": user_id, "name": name}
    doc |= {"status": "BUILD", "task_state": "spawning", "created": now, "updated": now, "launched_at": None}
    doc |= {"flavor_id": flavor["id"], "image_id": "", "key_name": None, "made_ports": []}
    doc["flavor"] = pick(flavor, "vcpus", "ram", "disk", "ephemeral", "swap", "extra_specs")
    doc["flavor"]["original_name"] = flavor["name"]
    doc |= {"metadata": {}, "tags": [], "description": None, "locked": False, "locked_reason": None}
    doc |= {"user_data": None, "config_drive": "", "hostname": _hostname(name), "scheduler_hints": {}}
    doc |= {"root_device_name": "/dev/sda", "reservation_id": "r-" + secrets.token_hex(4)}
    doc["instance_name"] = f"instance-{backend.state.number('instance'):08x}"
    return doc | fields


def make_root_disk(backend: Backend, server: Doc) -> None:
    """Give a server that boots from an image its root disk: the bytes of that image, under the server's id."""
    if image_id := server["image_id"]:
        backend.disks.duplicate(image_id, server["id"], backend.disks.size_bytes(image_id))


def _hostname(name: str) -> str:
    plain = (
        "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "-" for c in name).strip("-.").lower()
    )
    return plain or "server"
