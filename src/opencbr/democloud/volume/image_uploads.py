"""A volume's bytes as an image, and what a volume keeps of an image."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.image.images import fill_image, queue_image
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.routes import need_member
from opencbr.democloud.volume.status import set_status

_CORE = {
    "checksum",
    "container_format",
    "disk_format",
    "image_id",
    "image_name",
    "min_disk",
    "min_ram",
    "size",
}
"""What every image has; the rest is the volume's, and goes with its bytes."""


def upload(call: Call, doc: Doc, args: Doc) -> Response:
    """Begin to make an image of a volume that is free; as Cinder is shipped it heeds no `force`."""
    need_member(call, "volume_extension:volume_actions:upload_image")
    if doc["status"] != "available":
        raise ApiError(400, f"Invalid volume: Volume {doc['id']} status must be available")
    kept: Doc = doc.get("volume_image_metadata") or {}
    own = {name: value for name, value in kept.items() if name not in {*_CORE, "signature_verified"}}
    image = queue_image(call.backend, call.project_id, args["image_name"], min_disk=0, properties=own)
    formats = {name: args[name] for name in ("disk_format", "container_format")}
    # Glance shares what nobody says anything of.
    visibility = args.get("visibility", "private") if call.at_least("3.1") else "shared"
    call.backend.state.put("image", image | formats | {"visibility": visibility})
    call.backend.disks.create(image["id"], 0)
    set_status(call.backend, "volume", doc["id"], "uploading")
    call.backend.work.begin("volume.uploaded", doc["id"], image["id"], volume=doc["id"], image=image["id"])
    shown: Doc = {"id": doc["id"], "updated_at": doc["updated_at"], "status": "uploading"}
    shown |= {"display_description": doc["description"], "size": doc["size"]}
    kind = call.backend.state.get("volume-type", doc["volume_type_id"])
    shown |= {"volume_type": kind, "image_id": image["id"], **formats, "image_name": args["image_name"]}
    if call.at_least("3.1"):
        shown |= {"visibility": visibility, "protected": False}
    return Response(202, {"os-volume_upload_image": shown})


@on_finish("volume.uploaded")
def uploaded(backend: Backend, args: Doc) -> None:
    """Give the image its bytes, as Cinder does where it shares its back end with Glance; the volume is free again."""
    with backend.state.change():
        image, volume = backend.state.get("image", args["image"]), backend.state.get("volume", args["volume"])
        if image is None or volume is None:
            return
        backend.disks.duplicate(volume["id"], image["id"], backend.disks.size_bytes(volume["id"]))
        fill_image(backend, image, checksums=False)
        set_status(backend, "volume", volume["id"], "available")


@on_failure("volume.uploaded")
def not_uploaded(backend: Backend, args: Doc, _: str) -> None:
    """Delete the image, as Cinder does; the volume is free again."""
    with backend.state.change():
        backend.state.drop("image", args["image"])
        backend.disks.remove(args["image"])
        set_status(backend, "volume", args["volume"], "available")


def set_image_metadata(call: Call, doc: Doc, args: Doc) -> Response:
    """Add to what a volume keeps of its image."""
    need_member(call, "volume_extension:volume_image_metadata:set")
    kept = (doc.get("volume_image_metadata") or {}) | args["metadata"]
    call.backend.state.put("volume", doc | {"volume_image_metadata": kept})
    return Response(200, {"metadata": kept})


def unset_image_metadata(call: Call, doc: Doc, args: Doc) -> Response:
    """Take one thing of it away."""
    need_member(call, "volume_extension:volume_image_metadata:remove")
    kept = dict(doc.get("volume_image_metadata") or {})
    if kept.pop(args["key"], None) is None:
        raise ApiError(404, f"Glance metadata for volume/snapshot {doc['id']} cannot be found.")
    call.backend.state.put("volume", doc | {"volume_image_metadata": kept})
    return Response(200)
