"""Restoring a backup, into a volume that is free or into a new one."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import PROJECT, ROUTES, need, need_member
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.types import default_type
from opencbr.democloud.volume.volumes import make_volume


@ROUTES.on("POST", PROJECT + "/backups/{backup}/restore")
def restore(call: Call) -> Response:
    """Begin to write a backup over the volume `volume_id`, or into a new volume called `name`."""
    need_member(call, "backup:restore")
    body, backend = call.body("restore"), call.backend
    doc = need(call, "backup", call.params["backup"])
    if doc["status"] != "available":
        raise ApiError(400, "Invalid backup: Backup status must be available")
    if body.get("volume_id"):
        volume = need(call, "volume", body["volume_id"])
        if volume["size"] < doc["size"]:
            message = f"volume size {volume['size']} is too small to restore backup of size {doc['size']}."
            raise ApiError(400, f"Invalid volume: {message}")
        if volume["status"] != "available":
            raise ApiError(400, "Invalid volume: Volume to be restored to must be available")
    else:
        volume = _new_volume(call, doc, body.get("name"))
    set_status(backend, "backup", doc["id"], "restoring")
    set_status(backend, "volume", volume["id"], "restoring-backup")
    fresh = not body.get("volume_id")
    used = backend.backups.used_bytes(doc["id"])
    args: Doc = {"backup": doc["id"], "volume": volume["id"], "fresh": fresh, "named": bool(body.get("name"))}
    backend.work.begin("backup.restored", volume["id"], doc["id"], used_bytes=used, **args)
    answer = {"backup_id": doc["id"], "volume_id": volume["id"], "volume_name": volume["name"]}
    return Response(202, {"restore": answer})


def _new_volume(call: Call, doc: Doc, name: str | None) -> Doc:
    check_quota(call.backend, call.project_id, volumes=1, gigabytes=doc["size"])
    origin = call.backend.state.get("volume", doc["volume_id"])
    kind = call.backend.state.get("volume-type", origin["volume_type_id"]) if origin else None
    return make_volume(
        call.backend,
        project_id=call.project_id,
        user_id=call.user_id,
        size=doc["size"],
        volume_type=kind or default_type(call.backend.state),
        name=name or f"restore_backup_{doc['id']}",
        description="auto-created_from_restore_from_backup",
    )


@on_finish("backup.restored")
def restored(backend: Backend, args: Doc) -> None:
    """Write the bytes; a new volume takes name, description and metadata of the one that was backed up."""
    backend.backups.restore(backend.disks, args["backup"], args["volume"])
    with backend.state.change():
        doc = set_status(backend, "backup", args["backup"], "available")
        volume = set_status(backend, "volume", args["volume"], "available")
        origin = backend.state.get("volume", doc["volume_id"]) if doc else None
        if args["fresh"] and volume and doc:
            taken: Doc = {"metadata": volume["metadata"] | {"src_backup_id": doc["id"]}}
            if origin:
                taken["metadata"] = origin["metadata"] | taken["metadata"]
                taken |= {"description": origin["description"], "bootable": origin["bootable"]}
                taken["volume_image_metadata"] = origin.get("volume_image_metadata")
                if not args["named"]:
                    taken["name"] = origin["name"]
            backend.state.put("volume", volume | taken)


@on_failure("backup.restored")
def not_restored(backend: Backend, args: Doc, reason: str) -> None:
    """Set the volume to error_restoring; the backup is available as before."""
    with backend.state.change():
        set_status(backend, "backup", args["backup"], "available", fail_reason=reason)
        set_status(backend, "volume", args["volume"], "error_restoring")
