"""The volumes a new server boots with: existing ones, or ones made from an image or a snapshot."""

from opencbr.democloud.compute.attachments import attach, next_device
from opencbr.democloud.disks import GIB
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.types import default_type
from opencbr.democloud.volume.volumes import image_metadata, make_volume


def attach_volumes(call: Call, doc: Doc, mappings: list[Doc]) -> None:
    """Attach the volumes of `block_device_mapping_v2` to the new server `doc`, the one to boot from first."""
    indexes = {int(item["boot_index"]) for item in mappings if item.get("boot_index") is not None}
    if mappings and 0 not in indexes:
        message = "Boot sequence for the instance and image/block device mapping combination is not valid."
        raise ApiError(400, f"Block Device Mapping is Invalid: {message}")
    taken: list[Doc] = []
    if doc["image_id"]:
        taken.append({"device": "/dev/sda"})  # the root disk is local
    for item in sorted(mappings, key=_place):
        if item.get("destination_type", "volume") != "volume":
            continue  # the image itself as the local root disk
        volume = _volume_for(call, item)
        device = item.get("device_name") or next_device(taken)
        gone = bool(item.get("delete_on_termination"))
        attach(call.backend, doc, volume, device, delete_on_termination=gone, tag=item.get("tag"))
        taken.append({"device": device})
    if not doc["image_id"] and not taken:
        raise ApiError(
            400, "Block Device Mapping is Invalid: You specified more local devices than the limit allows"
        )


def _place(item: Doc) -> int:
    index = item.get("boot_index")
    return 99 if index is None or int(index) < 0 else int(index)  # negative: not to boot from


def _volume_for(call: Call, item: Doc) -> Doc:
    state, source, wanted = call.backend.state, item.get("source_type", "volume"), str(item.get("uuid"))
    if source == "volume":
        volume = state.get("volume", wanted)
        if volume is None or not call.owns(volume):
            raise ApiError(400, f"Block Device Mapping is Invalid: failed to get volume {wanted}.")
        if volume["status"] != "available":
            message = f"volume {wanted} is {volume['status']}, it must be available"
            raise ApiError(400, f"Block Device Mapping is Invalid: {message}.")
        return volume
    kind = {"image": "image", "snapshot": "snapshot"}.get(source)
    origin = state.get(kind, wanted) if kind else None
    if kind and origin is None:
        raise ApiError(400, f"Block Device Mapping is Invalid: failed to get {kind} {wanted}.")
    size = int(item.get("volume_size") or (origin["size"] if origin and kind == "snapshot" else 1))
    fields: Doc = {"name": "", "description": ""}
    if origin and kind == "image":
        fields |= {"bootable": "true", "volume_image_metadata": image_metadata(origin)}
    volume = make_volume(
        call.backend,
        project_id=call.project_id,
        user_id=call.user_id,
        size=size,
        volume_type=default_type(state),
        **fields,
    )
    if origin and kind == "image":
        call.backend.disks.write(volume["id"], 0, call.backend.disks.read(origin["id"], 0, origin["size"]))
    elif origin:
        call.backend.disks.duplicate(origin["id"], volume["id"], size * GIB)
    return volume
