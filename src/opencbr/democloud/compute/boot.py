"""Making a server: its disks, its ports, and the moment it runs."""

import secrets
from typing import Any

from opencbr.democloud.compute.attachments import attach, next_device
from opencbr.democloud.compute.flavors import need_flavor
from opencbr.democloud.compute.routes import ROUTES, links, need_member
from opencbr.democloud.disks import GIB
from opencbr.democloud.network.ports import make_port, need_default_group
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.types import default_type
from opencbr.democloud.volume.volumes import image_metadata, make_volume
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.work import failer, finisher
from opencbr.democloud.world import World, new_uuid


@ROUTES.on("POST", "/v2.1/servers")
def create(call: Call) -> Answer:
    """Begin to make a server from an image or from volumes, on networks or with ports."""
    need_member(call, "os_compute_api:servers:create")
    body, state = call.body("server"), call.world.state
    hints = call.body().get("os:scheduler_hints") or call.body().get("OS-SCH-HNT:scheduler_hints") or {}
    flavor = need_flavor(call, str(body.get("flavorRef")))
    if body.get("key_name") and state.get("keypair", f"{call.user_id}/{body['key_name']}") is None:
        raise Refusal(400, "Invalid key_name provided.")
    now = call.world.zulu_time()
    doc: Doc = {
        "id": new_uuid(),
        "project_id": call.project_id,
        "user_id": call.user_id,
        "name": body["name"],
    }
    doc |= {"status": "BUILD", "task_state": "spawning", "created": now, "updated": now, "launched_at": None}
    doc |= {
        "flavor_id": flavor["id"],
        "image_id": body.get("imageRef") or "",
        "key_name": body.get("key_name"),
    }
    doc["flavor"] = {
        name: flavor[name] for name in ("vcpus", "ram", "disk", "ephemeral", "swap", "extra_specs")
    }
    doc["flavor"]["original_name"] = flavor["name"]
    doc |= {"metadata": dict(body.get("metadata") or {}), "tags": sorted(body.get("tags") or [])}
    doc |= {"description": body.get("description"), "locked": False, "locked_reason": None}
    doc |= {"user_data": body.get("user_data"), "config_drive": "True" if body.get("config_drive") else ""}
    doc |= {"hostname": body.get("hostname") or _hostname(body["name"]), "root_device_name": "/dev/sda"}
    doc |= {"reservation_id": "r-" + secrets.token_hex(4), "scheduler_hints": _hints(hints)}
    doc["instance_name"] = f"instance-{state.number('instance'):08x}"
    _check_image(call, doc)
    doc["made_ports"] = _plug(call, doc, body)
    state.put("server", doc)
    _attach_all(call, doc, body.get("block_device_mapping_v2") or [])
    if hints.get("group"):
        _join(call, doc, hints["group"])
    call.world.work.begin("server.built", doc["id"], server=doc["id"])
    answer: Doc = {"id": doc["id"], "links": links(call, "servers", doc["id"]), "OS-DCF:diskConfig": "MANUAL"}
    answer["security_groups"] = [
        {"name": g["name"]} for g in body.get("security_groups") or [{"name": "default"}]
    ]
    return Answer(202, {"server": answer | {"adminPass": secrets.token_urlsafe(9)}})


def _hostname(name: str) -> str:
    plain = (
        "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "-" for c in name).strip("-.").lower()
    )
    return plain or "server"


def _hints(hints: Doc) -> Doc:
    return {name: value if isinstance(value, list) else [value] for name, value in hints.items()}


def _check_image(call: Call, doc: Doc) -> None:
    if doc["image_id"] and call.world.state.get("image", doc["image_id"]) is None:
        raise Refusal(400, f"Image {doc['image_id']} could not be found.")


def _join(call: Call, doc: Doc, wanted: str) -> None:
    group = call.world.state.get("server-group", wanted)
    if group is None or not call.owns(group):
        raise Refusal(400, f"Server group {wanted} could not be found.")
    call.world.state.put("server-group", group | {"members": [*group["members"], doc["id"]]})


def _plug(call: Call, doc: Doc, body: Doc) -> list[str]:
    """Plug ports that exist and make the others; return the ids of those made."""
    wanted: Any = body.get("networks", "auto")
    made: list[str] = []
    if wanted == "none":
        return made
    if wanted == "auto":
        own = [n for n in call.world.state.all("network", call.project_id) if not n["router:external"]]
        wanted = [{"uuid": network["id"]} for network in own[:1]]
    groups = [_group_id(call, g["name"]) for g in body.get("security_groups") or []]
    for number, item in enumerate(wanted, 1):
        if item.get("port"):
            port = call.world.state.get("port", item["port"])
            if port is None or not call.owns(port):
                raise Refusal(400, f"Port {item['port']} could not be found.")
            if port["device_id"]:
                raise Refusal(409, f"Port {item['port']} is still in use.")
        else:
            network = call.world.state.get("network", str(item.get("uuid")))
            if network is None:
                raise Refusal(400, f"Network {item.get('uuid')} could not be found.")
            port = make_port(
                call.world, call.project_id, network, groups=groups, address=item.get("fixed_ip")
            )
            made.append(port["id"])
        plug(call.world, port, doc["id"], number)
    return made


def _group_id(call: Call, wanted: str) -> str:
    for group in call.world.state.all("security-group", call.project_id):
        if wanted in (group["id"], group["name"]):
            return str(group["id"])
    if wanted == "default":
        return str(need_default_group(call.world, call.project_id)["id"])
    raise Refusal(400, f"Unable to find security_group with name or id '{wanted}'")


def plug(world: World, port: Doc, server_id: str, number: int) -> None:
    """Put a port on a server; `number` keeps the order of the interfaces."""
    port |= {"device_id": server_id, "device_owner": "compute:nova", "status": "ACTIVE", "plugged": number}
    world.state.put("port", port | {"binding:host_id": "democloud"})


def _attach_all(call: Call, doc: Doc, mappings: list[Doc]) -> None:
    taken: list[Doc] = []
    if doc["image_id"]:
        taken.append({"device": "/dev/sda"})  # the root disk is local
    for item in sorted(mappings, key=_place):
        if item.get("destination_type", "volume") != "volume":
            continue  # the image itself as the local root disk
        volume = _volume_for(call, item)
        device = item.get("device_name") or next_device(taken)
        gone = bool(item.get("delete_on_termination"))
        attach(call.world, doc, volume, device, delete_on_termination=gone, tag=item.get("tag"))
        taken.append({"device": device})
    if not doc["image_id"] and not taken:
        raise Refusal(
            400, "Block Device Mapping is Invalid: You specified more local devices than the limit allows"
        )


def _place(item: Doc) -> int:
    index = item.get("boot_index")
    return 99 if index is None or int(index) < 0 else int(index)  # negative: never booted from


def _volume_for(call: Call, item: Doc) -> Doc:
    state, source, wanted = call.world.state, item.get("source_type", "volume"), str(item.get("uuid"))
    if source == "volume":
        volume = state.get("volume", wanted)
        if volume is None or not call.owns(volume):
            raise Refusal(400, f"Block Device Mapping is Invalid: failed to get volume {wanted}.")
        if volume["status"] != "available":
            message = f"volume {wanted} is {volume['status']}, it must be available"
            raise Refusal(400, f"Block Device Mapping is Invalid: {message}.")
        return volume
    kind = {"image": "image", "snapshot": "snapshot"}.get(source)
    origin = state.get(kind, wanted) if kind else None
    if kind and origin is None:
        raise Refusal(400, f"Block Device Mapping is Invalid: failed to get {kind} {wanted}.")
    size = int(item.get("volume_size") or (origin["size"] if origin and kind == "snapshot" else 1))
    fields: Doc = {"name": "", "description": ""}
    if origin and kind == "image":
        fields |= {"bootable": "true", "volume_image_metadata": image_metadata(origin)}
    volume = make_volume(
        call.world,
        project_id=call.project_id,
        user_id=call.user_id,
        size=size,
        volume_type=default_type(state),
        **fields,
    )
    if origin and kind == "image":
        call.world.disks.write(volume["id"], 0, call.world.disks.read(origin["id"], 0, origin["size"]))
    elif origin:
        call.world.disks.copy(origin["id"], volume["id"], size * GIB)
    return volume


@finisher("server.built")
def built(world: World, args: Doc) -> None:
    """Let the server run."""
    with world.state.change():
        doc = world.state.get("server", args["server"])
        if doc:
            fields: Doc = {"status": "ACTIVE", "task_state": None, "launched_at": world.long_time()}
            world.state.put("server", doc | fields | {"updated": world.zulu_time()})


@failer("server.built")
def not_built(world: World, args: Doc, reason: str) -> None:
    """Leave a server in error."""
    with world.state.change():
        doc = world.state.get("server", args["server"])
        if doc:
            trouble = {"code": 500, "created": world.zulu_time(), "message": reason}
            world.state.put("server", doc | {"status": "ERROR", "task_state": None, "fault": trouble})
