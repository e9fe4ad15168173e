"""Actions on a volume: reset the status, extend, revert, set bootable; those about images have a module of their own."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_finish
from opencbr.democloud.disks import GIB
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.image_uploads import set_image_metadata, unset_image_metadata, upload
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.reverting import revert
from opencbr.democloud.volume.routes import PROJECT, ROUTES, need, need_admin, need_member
from opencbr.democloud.volume.status import set_status

_OF_IMAGES = {
    "os-volume_upload_image": upload,
    "os-set_image_metadata": set_image_metadata,
    "os-unset_image_metadata": unset_image_metadata,
}


@ROUTES.on("POST", PROJECT + "/volumes/{volume}/action")
def action(call: Call) -> Response:
    """Carry out the action that the body names."""
    doc, body = need(call, "volume", call.params["volume"]), call.body()
    if "os-reset_status" in body:
        need_admin(call, "volume_extension:volume_admin_actions:reset_status")
        set_status(call.backend, "volume", doc["id"], body["os-reset_status"]["status"])
    elif "os-extend" in body:
        need_member(call, "volume:extend")
        return _extend(call, doc, int(body["os-extend"]["new_size"]))
    elif "revert" in body:
        need_member(call, "volume:revert_to_snapshot")
        return revert(call, doc, body["revert"].get("snapshot_id"))
    elif "os-set_bootable" in body:
        need_member(call, "volume_extension:volume_actions:set_bootable")
        call.backend.state.put(
            "volume", doc | {"bootable": str(bool(body["os-set_bootable"]["bootable"])).lower()}
        )
        return Response(200)
    elif (name := next(iter(body), "")) in _OF_IMAGES:
        return _OF_IMAGES[name](call, doc, body[name])
    else:
        raise ApiError(400, f"There is no such action: {', '.join(body)}")
    return Response(202)


def _extend(call: Call, doc: Doc, size: int) -> Response:
    """Extend a volume; from 3.42 on one that is attached, too."""
    if doc["status"] != "available" and not (doc["status"] == "in-use" and call.at_least("3.42")):
        sentence = f"Invalid volume: Volume {doc['id']} status must be available to extend."
        raise ApiError(400, sentence)
    if size <= doc["size"]:
        sentence = "New size for extend must be greater than current size."
        sentence += f" (current: {doc['size']}, extended: {size})."
        raise ApiError(400, f"Invalid input received: {sentence}")
    check_quota(call.backend, call.project_id, gigabytes=size - doc["size"])
    set_status(call.backend, "volume", doc["id"], "extending")
    call.backend.work.begin("volume.extended", doc["id"], volume=doc["id"], size=size, was=doc["status"])
    return Response(202)


@on_finish("volume.extended")
def extended(backend: Backend, args: Doc) -> None:
    """Extend the volume; what is new reads as zeros."""
    backend.disks.create(args["volume"], args["size"] * GIB)
    with backend.state.change():
        set_status(backend, "volume", args["volume"], args["was"], size=args["size"])
