"""Creating a server: its volumes, its ports, and the end of its build."""

import secrets
from typing import Any

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.compute.block_devices import attach_volumes
from opencbr.democloud.compute.flavors import need_flavor
from opencbr.democloud.compute.new_server import make_root_disk, server_document
from opencbr.democloud.compute.routes import ROUTES, links, need_member
from opencbr.democloud.network.ports import bind_port, make_port
from opencbr.democloud.network.security_groups import default_group
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.zones import zones_of


@ROUTES.on("POST", "/v2.1/servers")
def create(call: Call) -> Response:
    """Begin to create a server from an image or from volumes, on networks or with ports."""
    need_member(call, "os_compute_api:servers:create")
    body, state = call.body("server"), call.backend.state
    hints = call.body().get("os:scheduler_hints") or call.body().get("OS-SCH-HNT:scheduler_hints") or {}
    flavor = _flavor(call, str(body.get("flavorRef")))
    if body.get("key_name") and state.get("keypair", f"{call.user_id}/{body['key_name']}") is None:
        raise ApiError(400, "Invalid key_name provided.")
    zone = _zone(call, body)
    doc = server_document(
        call.backend,
        project_id=call.project_id,
        user_id=call.user_id,
        name=body["name"],
        flavor=flavor,
        image_id=body.get("imageRef") or "",
        metadata=dict(body.get("metadata") or {}),
        tags=sorted(body.get("tags") or []),
        config_drive="True" if body.get("config_drive") else "",
        scheduler_hints=_hints(hints),
        pinned_availability_zone=zone,
        **{
            name: body[name]
            for name in ("key_name", "description", "user_data", "hostname")
            if body.get(name) is not None
        },
    )
    _check_image(call, doc)
    doc["made_ports"] = _plug(call, doc, body)
    state.put("server", doc)
    make_root_disk(call.backend, doc)
    attach_volumes(call, doc, body.get("block_device_mapping_v2") or [])
    if hints.get("group"):
        _join(call, doc, hints["group"])
    call.backend.work.begin("server.built", doc["id"], server=doc["id"])
    answer: Doc = {"id": doc["id"], "links": links(call, "servers", doc["id"]), "OS-DCF:diskConfig": "MANUAL"}
    answer["security_groups"] = [
        {"name": g["name"]} for g in body.get("security_groups") or [{"name": "default"}]
    ]
    return Response(202, {"server": answer | {"adminPass": secrets.token_urlsafe(9)}})


def _flavor(call: Call, wanted: str) -> Doc:
    try:
        return need_flavor(call, wanted)
    except ApiError as error:
        raise ApiError(400, error.message) from error


def _zone(call: Call, body: Doc) -> str | None:
    zone = body.get("availability_zone")
    if zone is not None and zone not in zones_of(call.backend.state, "compute"):
        raise ApiError(400, "The requested availability zone is not available")
    return zone


def _hints(hints: Doc) -> Doc:
    return {name: value if isinstance(value, list) else [value] for name, value in hints.items()}


def _check_image(call: Call, doc: Doc) -> None:
    image = call.backend.state.get("image", doc["image_id"]) if doc["image_id"] else None
    if doc["image_id"] and image is None:
        raise ApiError(400, f"Image {doc['image_id']} could not be found.")
    if image is not None and image["status"] != "active":
        raise ApiError(400, f"Image {image['id']} is not active.")


def _join(call: Call, doc: Doc, wanted: str) -> None:
    group = call.backend.state.get("server-group", wanted)
    if group is None or not call.owns(group):
        raise ApiError(400, f"Server group {wanted} could not be found.")
    call.backend.state.put("server-group", group | {"members": [*group["members"], doc["id"]]})


def _plug(call: Call, doc: Doc, body: Doc) -> list[str]:
    """Bind ports that exist and create the others; return the ids of those created."""
    wanted: Any = body.get("networks", "auto")
    made: list[str] = []
    if wanted == "none":
        return made
    if wanted == "auto":
        own = [n for n in call.backend.state.all("network", call.project_id) if not n["router:external"]]
        wanted = [{"uuid": network["id"]} for network in own[:1]]
    groups = [_group_id(call, g["name"]) for g in body.get("security_groups") or []]
    for number, item in enumerate(wanted, 1):
        if item.get("port"):
            port = call.backend.state.get("port", item["port"])
            if port is None or not call.owns(port):
                raise ApiError(400, f"Port {item['port']} could not be found.")
            if port["device_id"]:
                raise ApiError(409, f"Port {item['port']} is still in use.")
        else:
            network = call.backend.state.get("network", str(item.get("uuid")))
            if network is None:
                raise ApiError(400, f"Network {item.get('uuid')} could not be found.")
            port = make_port(
                call.backend, call.project_id, network, groups=groups, address=item.get("fixed_ip")
            )
            made.append(port["id"])
        bind_port(call.backend, port, doc["id"], number)
    return made


def _group_id(call: Call, wanted: str) -> str:
    for group in call.backend.state.all("security-group", call.project_id):
        if wanted in (group["id"], group["name"]):
            return str(group["id"])
    if wanted == "default":
        return str(default_group(call.backend, call.project_id)["id"])
    raise ApiError(400, f"Unable to find security_group with name or id '{wanted}'")


@on_finish("server.built")
def built(backend: Backend, args: Doc) -> None:
    """Set the server ACTIVE."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc:
            fields: Doc = {"status": "ACTIVE", "task_state": None, "launched_at": backend.clock.long_time()}
            backend.state.put("server", doc | fields | {"updated": backend.clock.zulu_time()})


@on_failure("server.built")
def not_built(backend: Backend, args: Doc, reason: str) -> None:
    """Set the server to ERROR."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc:
            trouble = {"code": 500, "created": backend.clock.zulu_time(), "message": reason}
            backend.state.put("server", doc | {"status": "ERROR", "task_state": None, "fault": trouble})
