"""Volumes on a server: list, attach, detach."""

from opencbr.democloud.compute.routes import ROUTES, SERVER, need_member, need_server, need_unlocked
from opencbr.democloud.compute.views import attachments
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.volumes import set_status
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.work import finisher
from opencbr.democloud.world import World, new_uuid

_PATH = SERVER + "/os-volume_attachments"


def attach(
    world: World, server: Doc, volume: Doc, device: str, *, delete_on_termination: bool, tag: str | None
) -> Doc:
    """Put a volume on a server at once: the attachment is there, the volume reads in-use."""
    doc: Doc = {"id": new_uuid(), "project_id": server["project_id"], "server_id": server["id"]}
    doc |= {"volume_id": volume["id"], "device": device, "tag": tag, "bdm_uuid": new_uuid()}
    doc |= {"delete_on_termination": delete_on_termination, "status": "attached"}
    world.state.put("attachment", doc | {"attached_at": world.long_time()})
    set_status(world, "volume", volume["id"], "in-use")
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
def index(call: Call) -> Answer:
    """List what is attached."""
    return Answer(
        body={"volumeAttachments": [_view(call, doc) for doc in attachments(call, need_server(call))]}
    )


@ROUTES.on("GET", _PATH + "/{volume}")
def show(call: Call) -> Answer:
    """Show one attachment."""
    return Answer(body={"volumeAttachment": _view(call, _need(call, need_server(call)))})


def _need(call: Call, server: Doc) -> Doc:
    wanted = call.params["volume"]
    for doc in attachments(call, server):
        if doc["volume_id"] == wanted:
            return doc
    raise Refusal(404, f"Instance {server['id']} is not attached to volume {wanted}")


@ROUTES.on("POST", _PATH)
def create(call: Call) -> Answer:
    """Attach a free volume."""
    need_member(call, "os_compute_api:os-volumes-attachments:create")
    server, body = need_server(call), call.body("volumeAttachment")
    need_unlocked(call, server)
    wanted = str(body.get("volumeId"))
    volume = call.world.state.get("volume", wanted)
    if volume is None or not call.owns(volume):
        raise Refusal(404, f"Volume {wanted} could not be found.")
    if volume["status"] != "available":
        message = f"volume '{wanted}' status must be 'available'. Currently in '{volume['status']}' status."
        raise Refusal(400, f"Invalid volume: {message}")
    device = body.get("device") or next_device(attachments(call, server))
    if any(row["device"] == device for row in attachments(call, server)):
        raise Refusal(409, f"The supplied device path ({device}) is in use.")
    gone = bool(body.get("delete_on_termination"))
    doc = attach(call.world, server, volume, device, delete_on_termination=gone, tag=body.get("tag"))
    if call.at_least("2.101"):
        return Answer(202)
    return Answer(200, {"volumeAttachment": _created(call, doc)})


def _created(call: Call, doc: Doc) -> Doc:
    """Show a new attachment: Nova writes other fields in another order than when it is read."""
    shown: Doc = {"id": doc["volume_id"], "serverId": doc["server_id"], "volumeId": doc["volume_id"]}
    shown["device"] = doc["device"]
    if call.at_least("2.70"):
        shown["tag"] = doc["tag"]
    if call.at_least("2.79"):
        shown["delete_on_termination"] = doc["delete_on_termination"]
    return shown


@ROUTES.on("DELETE", _PATH + "/{volume}")
def delete(call: Call) -> Answer:
    """Detach a volume that is not the root disk."""
    need_member(call, "os_compute_api:os-volumes-attachments:delete")
    server = need_server(call)
    need_unlocked(call, server)
    doc = _need(call, server)
    if doc["device"] == server["root_device_name"] and not server["image_id"]:
        raise Refusal(400, "Cannot detach a root device volume")
    volume = call.world.state.get("volume", doc["volume_id"])
    if volume and volume["status"] != "in-use":
        message = f"status must be in-use. Currently in '{volume['status']}' status"
        raise Refusal(400, f"Invalid volume: Unable to detach volume: {message}")
    set_status(call.world, "volume", doc["volume_id"], "detaching")
    call.world.work.begin("volume.detached", doc["volume_id"], attachment=doc["id"], volume=doc["volume_id"])
    return Answer(202)


@finisher("volume.detached")
def detached(world: World, args: Doc) -> None:
    """Set the volume free."""
    with world.state.change():
        world.state.drop("attachment", args["attachment"])
        set_status(world, "volume", args["volume"], "available")
