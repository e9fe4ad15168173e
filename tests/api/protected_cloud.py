"""Servers and disks of a test's own in the embedded cloud, so that tests do not get into each other's way."""

from itertools import count
from typing import Any

from opencbr.democloud.seed.servers import make_disk, make_server, tiny_image

from .api_server import ApiServer

_numbers = count(1)


def new_disk(cbr: ApiServer, account: str = "demo", *, size: int = 1, **changes: Any) -> dict[str, Any]:
    """Make a volume; `changes` overwrite fields of the cloud's document (`status`, `name`)."""
    backend, owner = cbr.cloud.backend, cbr.cloud.account(account)
    with backend.state.change():
        disk = make_disk(backend, owner, f"disk-{next(_numbers)}", size)
        return backend.state.put("volume", disk | changes)


def new_server(
    cbr: ApiServer, account: str = "demo", *, sizes: tuple[int, ...] = (1,), **changes: Any
) -> dict[str, Any]:
    """Make a server with a disk of each size in GB; the ids of its disks are in `disks`."""
    backend, owner = cbr.cloud.backend, cbr.cloud.account(account)
    disks = [new_disk(cbr, account, size=size) for size in sizes]
    with backend.state.change():
        image = None if disks else tiny_image(backend)
        server = make_server(backend, owner, f"server-{next(_numbers)}", image=image, disks=disks)
        server = backend.state.get("server", server["id"]) | changes
        return backend.state.put("server", server) | {"disks": [disk["id"] for disk in disks]}


def vault_body(*resources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The smallest request for a vault, with changes."""
    billing = {
        "object_type": "server",
        "protect_type": "backup",
        "consistent_level": "crash_consistent",
        "size": 100,
    }
    billing |= changes.pop("billing", {})
    return {"vault": {"name": "vault-1", "billing": billing, "resources": list(resources), **changes}}


def server_ref(server: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": server["id"], "type": "OS::Nova::Server", **more}


def disk_ref(disk: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": disk["id"], "type": "OS::Cinder::Volume", **more}


def new_vault(
    cbr: ApiServer, *resources: dict[str, Any], account: str = "demo", **changes: Any
) -> dict[str, Any]:
    """Create a vault over HTTP and return it as answered."""
    answer = cbr.call("POST", "vaults", vault_body(*resources, **changes), account=account)
    assert answer.status_code == 200, answer.text
    return answer.json()["vault"]


def new_disk_vault(cbr: ApiServer, *disks: dict[str, Any]) -> dict[str, Any]:
    return new_vault(cbr, *(disk_ref(d) for d in disks), billing={"object_type": "disk"})


def refused(answer: Any, status: int, code: str, *words: str) -> None:
    """Check that an answer is this error, in the one shape, with a sentence that has these words."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error_code"] == f"BackupService.{code}", body
    assert body.keys() == {"error_code", "error_msg", "message"}
    assert body["error_msg"].endswith(".")
    for word in words:
        assert word in body["error_msg"], body
