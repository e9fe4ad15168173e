"""Volumes on a server: list, attach, detach."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_finish
from opencbr.democloud.compute.routes import ROUTES, SERVER, need_member, need_server, need_unlocked
from opencbr.democloud.compute.views import attachments
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.status import set_status

_PATH = SERVER + "/os-volume_attachments"


def attach(
    backend: Backend, server: Doc, volume: Doc, device: str, *, delete_on_termination: bool, tag: str | None
) -> Doc:
    """Attach a volume to a server at once, so that its status is in-use."""
    doc: Doc = {"id": new_uuid(), "project_id": server["project_id"], "server_id": server["id"]}
    doc |= {"volume_id": volume["id"], "device": device, "tag": tag, "bdm_uuid": new_uuid()}
    doc |= {"delete_on_termination": delete_on_termination, "status": "attached"}
    backend.state.put("attachment", doc | {"attached_at": backend.clock.long_time()})
    set_status(backend, "volume", volume["id"], "in-use")
    return doc


def next_device(taken: list[Doc]) -> str:
    """Return the first device name that is not taken, from /dev/sda on."""
    used = {row["device"] for row in taken}
    return next(
        f"/dev/sd{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" if f"/dev/sd{letter}" not in used
    )


def _view(call: Call, doc: Doc) -> Doc:
    shown: Doc = {"volumeId": doc["volume_id"], "serverId": doc["server_id"], "device": doc["device"]}
    if not call.at_least("2.89"):
        shown = {"id": doc["volume_id"], **shown}
    if call.at_least("2.70"):
        shown["tag"] = doc["tag"]
    if call.at_least("2.79"):
        shown["delete_on_termination"] = doc["delete_on_termination"]
    if call.at_least("2.89"):
        shown |= {"attachment_id": doc["id"], "bdm_uuid": doc["bdm_uuid"]}
    return shown


@ROUTES.on("GET", _PATH)
def index(call: Call) -> Response:
    """List what is attached."""
    return Response(
        body={"volumeAttachments": [_view(call, doc) for doc in attachments(call, need_server(call))]}
    )


@ROUTES.on("GET", _PATH + "/{volume}")
def show(call: Call) -> Response:
    """Show one attachment."""
    return Response(body={"volumeAttachment": _view(call, _need(call, need_server(call)))})


def _need(call: Call, server: Doc) -> Doc:
    wanted = call.params["volume"]
    for doc in attachments(call, server):
        if doc["volume_id"] == wanted:
            return doc
    raise ApiError(404, f"Instance {server['id']} is not attached to volume {wanted}")


@ROUTES.on("POST", _PATH)
def create(call: Call) -> Response:
    """Attach an available volume."""
    need_member(call, "os_compute_api:os-volumes-attachments:create")
    server, body = need_server(call), call.body("volumeAttachment")
    need_unlocked(call, server)
    wanted = str(body.get("volumeId"))
    volume = call.backend.state.get("volume", wanted)
    if volume is None or not call.owns(volume):
        raise ApiError(404, f"Volume {wanted} could not be found.")
    if volume["status"] != "available":
        message = f"volume '{wanted}' status must be 'available'. Currently in '{volume['status']}' status."
        raise ApiError(400, f"Invalid volume: {message}")
    device = body.get("device") or next_device(attachments(call, server))
    if any(row["device"] == device for row in attachments(call, server)):
        raise ApiError(409, f"The supplied device path ({device}) is in use.")
    gone = bool(body.get("delete_on_termination"))
    doc = attach(call.backend, server, volume, device, delete_on_termination=gone, tag=body.get("tag"))
    if call.at_least("2.101"):
        return Response(202)
    return Response(200, {"volumeAttachment": _created(call, doc)})


def _created(call: Call, doc: Doc) -> Doc:
    """Show a new attachment: Nova's fields and their order differ from those of a read."""
    shown: Doc = {"id": doc["volume_id"], "serverId": doc["server_id"], "volumeId": doc["volume_id"]}
    shown["device"] = doc["device"]
    if call.at_least("2.70"):
        shown["tag"] = doc["tag"]
    if call.at_least("2.79"):
        shown["delete_on_termination"] = doc["delete_on_termination"]
    return shown


@ROUTES.on("DELETE", _PATH + "/{volume}")
def delete(call: Call) -> Response:
    """Detach a volume that is not the root disk."""
    need_member(call, "os_compute_api:os-volumes-attachments:delete")
    server = need_server(call)
    need_unlocked(call, server)
    doc = _need(call, server)
    if doc["device"] == server["root_device_name"] and not server["image_id"]:
        raise ApiError(400, "Cannot detach a root device volume")
    volume = call.backend.state.get("volume", doc["volume_id"])
    if volume and volume["status"] != "in-use":
        message = f"status must be in-use. Currently in '{volume['status']}' status"
        raise ApiError(400, f"Invalid volume: Unable to detach volume: {message}")
    set_status(call.backend, "volume", doc["volume_id"], "detaching")
    call.backend.work.begin(
        "volume.detached", doc["volume_id"], attachment=doc["id"], volume=doc["volume_id"]
    )
    return Response(202)


@on_finish("volume.detached")
def detached(backend: Backend, args: Doc) -> None:
    """Remove the attachment, so that the volume is available."""
    with backend.state.change():
        backend.state.drop("attachment", args["attachment"])
        set_status(backend, "volume", args["volume"], "available")
