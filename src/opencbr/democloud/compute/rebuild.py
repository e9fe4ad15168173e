"""Rebuilding a server: its root disk is written anew from an image; ports, volumes and ids stay."""

import secrets

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.compute.routes import need_status
from opencbr.democloud.compute.views import server_view
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.volumes import image_metadata

REIMAGES = "2.93"
"""From here on a root disk that is a volume is written anew, too."""


def rebuild(call: Call, doc: Doc, args: Doc) -> Response:
    """Begin to write the root disk anew; a server that was shut off is shut off again afterwards."""
    need_status(doc, "rebuild", {"ACTIVE", "SHUTOFF", "ERROR"})
    wanted = str(args.get("imageRef"))
    image = call.backend.state.get("image", wanted)
    if image is None:
        raise ApiError(400, "Cannot find image for rebuild")
    if image["status"] != "active":
        raise ApiError(400, f"Image {wanted} is not active.")
    root = None if doc["image_id"] else _root_volume(call.backend, doc)
    if root is not None and not call.at_least(REIMAGES):
        sentence = "Unable to rebuild with a different image for a volume-backed server."
        raise ApiError(400, f"Image {wanted} is unacceptable: {sentence}")
    before = "SHUTOFF" if doc["status"] == "SHUTOFF" else "ACTIVE"
    doc = doc | {"status": "REBUILD", "task_state": "rebuilding"}
    if root is None:
        doc |= {"image_id": wanted}
    else:
        _refuse_busy(call)
        set_status(call.backend, "volume", root, "downloading")
    call.backend.state.put("server", doc)
    work: Doc = {"server": doc["id"], "image": wanted, "status": before, "root": root}
    call.backend.work.begin("server.rebuilt", doc["id"], **work)
    return Response(202, {"server": server_view(call, doc) | {"adminPass": secrets.token_urlsafe(9)}})


def _root_volume(backend: Backend, doc: Doc) -> str:
    rows = backend.state.all("attachment", doc["project_id"], server_id=doc["id"])
    return next(str(row["volume_id"]) for row in rows if row["device"] == doc["root_device_name"])


def _refuse_busy(call: Call) -> None:
    """Refuse (400) a rebuild while a volume of the server is anything but in use."""
    state = call.backend.state
    for row in state.all("attachment", server_id=call.params["server"]):
        volume = state.get("volume", row["volume_id"])
        if volume is not None and volume["status"] != "in-use":
            message = (
                f"volume '{volume['id']}' status must be 'in-use'. Currently in '{volume['status']}' status"
            )
            raise ApiError(400, f"Invalid volume: {message}")


@on_finish("server.rebuilt")
def rebuilt(backend: Backend, args: Doc) -> None:
    """Write the bytes of the image over the root disk; a volume keeps what lies behind them, under a new attachment."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc is None:
            return
        if args.get("root") is not None:
            _write_volume(backend, args)
        else:
            size = backend.disks.size_bytes(args["image"])
            backend.disks.duplicate(args["image"], doc["id"], size)
        fields: Doc = {"status": args["status"], "task_state": None, "updated": backend.clock.zulu_time()}
        backend.state.put("server", doc | fields)


def _write_volume(backend: Backend, args: Doc) -> None:
    image, root = backend.state.get("image", args["image"]), args["root"]
    if image is None:
        raise KeyError(args["image"])
    backend.disks.overwrite(image["id"], root)
    _attach_anew(backend, root, "attached")
    kept = image_metadata(image)
    set_status(backend, "volume", root, "in-use", bootable="true", volume_image_metadata=kept)


def _attach_anew(backend: Backend, volume_id: str, status: str) -> None:
    """Put a new attachment in the place of the old one."""
    for row in list(backend.state.all("attachment", volume_id=volume_id)):
        backend.state.drop("attachment", row["id"])
        backend.state.put("attachment", row | {"id": new_uuid(), "status": status})


@on_failure("server.rebuilt")
def not_rebuilt(backend: Backend, args: Doc, reason: str) -> None:
    """Set the server to ERROR, and a root volume to error: nobody but an admin takes that out of it."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc:
            trouble = {"code": 500, "created": backend.clock.zulu_time(), "message": reason}
            backend.state.put("server", doc | {"status": "ERROR", "task_state": None, "fault": trouble})
        if args.get("root") is not None:
            _attach_anew(backend, args["root"], "reserved")
            set_status(backend, "volume", args["root"], "error")
