"""Rebuilding a server: its root disk is written anew from an image; ports, volumes and ids stay."""

import secrets

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.compute.routes import need_status
from opencbr.democloud.compute.views import server_view
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc


def rebuild(call: Call, doc: Doc, args: Doc) -> Response:
    """Begin to write the root disk anew; a server that was shut off is shut off again afterwards."""
    need_status(doc, "rebuild", {"ACTIVE", "SHUTOFF", "ERROR"})
    wanted = str(args.get("imageRef"))
    image = call.backend.state.get("image", wanted)
    if image is None:
        raise ApiError(400, "Cannot find image for rebuild")
    if image["status"] != "active":
        raise ApiError(400, f"Image {wanted} is not active.")
    if not doc["image_id"]:
        raise ApiError(400, "Unable to rebuild with a different image for a volume-backed server.")
    before = "SHUTOFF" if doc["status"] == "SHUTOFF" else "ACTIVE"
    doc = doc | {"status": "REBUILD", "task_state": "rebuilding", "image_id": wanted}
    call.backend.state.put("server", doc)
    call.backend.work.begin("server.rebuilt", doc["id"], server=doc["id"], image=wanted, status=before)
    return Response(202, {"server": server_view(call, doc) | {"adminPass": secrets.token_urlsafe(9)}})


@on_finish("server.rebuilt")
def rebuilt(backend: Backend, args: Doc) -> None:
    """Write the bytes of the image over the root disk."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc is None:
            return
        size = backend.disks.size_bytes(args["image"])
        backend.disks.duplicate(args["image"], doc["id"], size)
        fields: Doc = {"status": args["status"], "task_state": None, "updated": backend.clock.zulu_time()}
        backend.state.put("server", doc | fields)


@on_failure("server.rebuilt")
def not_rebuilt(backend: Backend, args: Doc, reason: str) -> None:
    """Set the server to ERROR."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc:
            trouble = {"code": 500, "created": backend.clock.zulu_time(), "message": reason}
            backend.state.put("server", doc | {"status": "ERROR", "task_state": None, "fault": trouble})
