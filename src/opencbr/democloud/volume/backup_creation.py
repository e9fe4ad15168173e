"""Creating a backup, full or incremental."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.disks import GIB
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import PROJECT, ROUTES, links, need, need_member
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.zones import ZONE

_GROWN = "Invalid backup: Volume size increased since the last backup. Do a full backup."


@ROUTES.on("POST", PROJECT + "/backups")
def create(call: Call) -> Response:
    """Begin a backup of a volume, or of a snapshot, which needs no force and leaves the volume alone."""
    need_member(call, "backup:create")
    body, backend = call.body("backup"), call.backend
    if "volume_id" not in body:
        raise ApiError(
            400,
            f"Invalid input for field/attribute backup. Value: {body}. 'volume_id' is a required property",
        )
    volume = need(call, "volume", body["volume_id"])
    snapshot = need(call, "snapshot", body["snapshot_id"]) if body.get("snapshot_id") else None
    _check_source(volume, snapshot, force=bool(body.get("force")))
    parent = _newest_parent(call, volume, snapshot) if body.get("incremental") else None
    check_quota(backend, call.project_id, backups=1, backup_gigabytes=volume["size"])
    now = backend.clock.long_time()
    doc: Doc = {
        "id": new_uuid(),
        "project_id": call.project_id,
        "user_id": call.user_id,
        "status": "creating",
    }
    doc |= {"size": volume["size"], "object_count": 0}  # the volume's, whatever the snapshot has
    doc |= {
        "availability_zone": None,
        "container": body.get("container"),
        "created_at": now,
        "updated_at": None,
    }
    doc |= {"name": body.get("name"), "description": body.get("description"), "fail_reason": None}
    doc |= {"volume_id": volume["id"], "snapshot_id": snapshot["id"] if snapshot else None}
    doc |= {"parent_id": parent["id"] if parent else None, "metadata": dict(body.get("metadata") or {})}
    doc |= {"data_timestamp": snapshot["created_at"] if snapshot else now, "service_metadata": None}
    doc["taken"] = snapshot["taken"] if snapshot else backend.clock.exact_time()
    backend.state.put("backup", doc)
    source = snapshot["id"] if snapshot else volume["id"]
    if snapshot:
        set_status(backend, "snapshot", snapshot["id"], "backing-up")
    else:
        set_status(backend, "volume", volume["id"], "backing-up")
        backend.disks.duplicate(
            volume["id"], doc["id"], volume["size"] * GIB
        )  # the volume is written on meanwhile
    backend.work.begin(
        "backup.created",
        doc["id"],
        used_bytes=backend.disks.used_bytes(source),
        backup=doc["id"],
        snapshot=snapshot["id"] if snapshot else None,
        volume=volume["id"],
        volume_was=volume["status"],
    )
    short: Doc = {"id": doc["id"], "name": doc["name"], "links": links(call, "backups", doc["id"])}
    return Response(202, {"backup": short})


def _check_source(volume: Doc, snapshot: Doc | None, *, force: bool) -> None:
    if snapshot is not None:
        if snapshot["volume_id"] != volume["id"]:
            raise ApiError(400, "Invalid snapshot: Snapshot does not belong to the given volume")
        if snapshot["status"] != "available":
            raise ApiError(
                400,
                f"Invalid snapshot: Snapshot to be backed up must be available, but the current"
                f' status is "{snapshot["status"]}".',
            )
        return
    if volume["status"] == "in-use" and not force:
        raise ApiError(400, "Invalid volume: Backing up an in-use volume must use the force flag.")
    if volume["status"] not in ("available", "in-use"):
        raise ApiError(
            400,
            "Invalid volume: Volume to be backed up must be available or in-use, but the current"
            f' status is "{volume["status"]}".',
        )


def _newest_parent(call: Call, volume: Doc, snapshot: Doc | None) -> Doc:
    """Pick the parent as Cinder does: of the available backups older than the snapshot the one with the newest data.

    A real database may keep whole seconds only; here microseconds count, so that quick tests have parents.
    """
    found = [
        doc
        for doc in call.backend.state.all("backup", call.project_id, volume_id=volume["id"])
        if doc["status"] == "available" and (snapshot is None or doc["taken"] < snapshot["taken"])
    ]
    if not found:
        raise ApiError(400, "Invalid backup: No backups available to do an incremental backup.")
    return max(found, key=lambda doc: str(doc["taken"]))


@on_finish("backup.created")
def created(backend: Backend, args: Doc) -> None:
    """Move the bytes into the backup store, and release the snapshot or volume they were read from.

    As in Cinder, an incremental that is larger than its parent fails only now.
    """
    backup_id, snapshot_id = args["backup"], args["snapshot"]
    with backend.state.change():
        doc = backend.state.get("backup", backup_id)
        parent = backend.state.get("backup", doc["parent_id"]) if doc and doc["parent_id"] else None
    if doc is not None and parent is not None and doc["size"] > parent["size"]:
        not_created(backend, args, _GROWN)
        return
    if doc is not None and doc["status"] == "creating":  # else an admin set the status meanwhile
        count, _ = backend.backups.keep(backend.disks, snapshot_id or backup_id, backup_id, doc["parent_id"])
        with backend.state.change():
            now = backend.clock.now().strftime("%Y%m%d%H%M%S")
            prefix = f"volume_{doc['volume_id']}_{now}_backup_{backup_id}"
            container = doc["container"] or f"{backup_id[:2]}/{backup_id[2:4]}/{backup_id}"
            fields: Doc = {"object_count": count, "container": container, "availability_zone": ZONE}
            set_status(backend, "backup", backup_id, "available", service_metadata=prefix, **fields)
    with backend.state.change():
        if snapshot_id:
            set_status(backend, "snapshot", snapshot_id, "available")
        else:
            set_status(backend, "volume", args["volume"], args["volume_was"])
    if not snapshot_id:
        backend.disks.remove(backup_id)


@on_failure("backup.created")
def not_created(backend: Backend, args: Doc, reason: str) -> None:
    """Set the backup to error, and release the snapshot or volume it was read from."""
    with backend.state.change():
        set_status(backend, "backup", args["backup"], "error", fail_reason=reason)
        if args["snapshot"]:
            set_status(backend, "snapshot", args["snapshot"], "available")
        else:
            set_status(backend, "volume", args["volume"], args["volume_was"])
    if not args["snapshot"]:
        backend.disks.remove(args["backup"])
