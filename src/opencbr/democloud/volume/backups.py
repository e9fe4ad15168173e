"""Backups of volumes: make, show, list, delete, export their record."""

import base64
import json

from opencbr.democloud.disks import GIB
from opencbr.democloud.paging import page
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import (
    HOST,
    PROJECT,
    ROUTES,
    ZONE,
    links,
    need,
    need_admin,
    need_member,
    select,
)
from opencbr.democloud.volume.views import backup_view, dependents
from opencbr.democloud.volume.volumes import set_status
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.work import failer, finisher
from opencbr.democloud.world import World, new_uuid

_FILTERS = {"name", "status", "volume_id"}
DRIVER = "cinder.backup.drivers.posix.PosixBackupDriver"


@ROUTES.on("POST", PROJECT + "/backups")
def create(call: Call) -> Answer:
    """Begin a backup of a volume, or of a snapshot, which needs no force and leaves the volume alone."""
    need_member(call, "backup:create")
    body, world = call.body("backup"), call.world
    if "volume_id" not in body:
        raise Refusal(
            400,
            f"Invalid input for field/attribute backup. Value: {body}. 'volume_id' is a required property",
        )
    volume = need(call, "volume", body["volume_id"])
    snapshot = need(call, "snapshot", body["snapshot_id"]) if body.get("snapshot_id") else None
    _check_source(volume, snapshot, force=bool(body.get("force")))
    parent = _newest_parent(call, volume, snapshot) if body.get("incremental") else None
    check_quota(world, call.project_id, backups=1, backup_gigabytes=volume["size"])
    now = world.long_time()
    doc: Doc = {
        "id": new_uuid(),
        "project_id": call.project_id,
        "user_id": call.user_id,
        "status": "creating",
    }
    doc |= {"size": snapshot["size"] if snapshot else volume["size"], "object_count": 0}
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
    doc["taken"] = snapshot["taken"] if snapshot else world.exact_time()
    world.state.put("backup", doc)
    source = snapshot["id"] if snapshot else volume["id"]
    if snapshot:
        set_status(world, "snapshot", snapshot["id"], "backing-up")
    else:
        set_status(world, "volume", volume["id"], "backing-up")
        world.disks.copy(volume["id"], doc["id"], volume["size"] * GIB)  # the volume is written on meanwhile
    world.work.begin(
        "backup.created",
        doc["id"],
        used_bytes=world.disks.used_bytes(source),
        backup=doc["id"],
        snapshot=snapshot["id"] if snapshot else None,
        volume=volume["id"],
        volume_was=volume["status"],
    )
    short: Doc = {"id": doc["id"], "name": doc["name"], "links": links(call, "backups", doc["id"])}
    return Answer(202, {"backup": short})


def _check_source(volume: Doc, snapshot: Doc | None, *, force: bool) -> None:
    if snapshot is not None:
        if snapshot["volume_id"] != volume["id"]:
            raise Refusal(400, "Invalid snapshot: Snapshot does not belong to the given volume")
        if snapshot["status"] != "available":
            raise Refusal(
                400,
                f"Invalid snapshot: Snapshot to be backed up must be available, but the current"
                f' status is "{snapshot["status"]}".',
            )
        return
    if volume["status"] == "in-use" and not force:
        raise Refusal(400, "Invalid volume: Backing up an in-use volume must use the force flag.")
    if volume["status"] not in ("available", "in-use"):
        raise Refusal(
            400,
            "Invalid volume: Volume to be backed up must be available or in-use, but the current"
            f' status is "{volume["status"]}".',
        )


def _newest_parent(call: Call, volume: Doc, snapshot: Doc | None) -> Doc:
    """Pick the parent as Cinder does: the newest available backup of the volume, older than the snapshot.

    A real database may keep whole seconds only; here microseconds count, so that quick tests have parents.
    """
    found = [
        doc
        for doc in call.world.state.all("backup", call.project_id)
        if doc["volume_id"] == volume["id"]
        and doc["status"] == "available"
        and (snapshot is None or doc["taken"] < snapshot["taken"])
    ]
    if not found:
        raise Refusal(400, "Invalid backup: No backups available to do an incremental backup.")
    return found[-1]


@finisher("backup.created")
def created(world: World, args: Doc) -> None:
    """Move the bytes into the backup store and free what they were read from."""
    backup_id, snapshot_id = args["backup"], args["snapshot"]
    with world.state.change():
        doc = world.state.get("backup", backup_id)
    if doc is not None and doc["status"] == "creating":  # else an admin set the status meanwhile
        count, _ = world.chunks.keep(world.disks, snapshot_id or backup_id, backup_id, doc["parent_id"])
        with world.state.change():
            now = world.clock.now().strftime("%Y%m%d%H%M%S")
            prefix = f"volume_{doc['volume_id']}_{now}_backup_{backup_id}"
            container = doc["container"] or f"{backup_id[:2]}/{backup_id[2:4]}/{backup_id}"
            fields: Doc = {"object_count": count, "container": container, "availability_zone": ZONE}
            set_status(world, "backup", backup_id, "available", service_metadata=prefix, **fields)
    with world.state.change():
        if snapshot_id:
            set_status(world, "snapshot", snapshot_id, "available")
        else:
            set_status(world, "volume", args["volume"], args["volume_was"])
    if not snapshot_id:
        world.disks.remove(backup_id)


@failer("backup.created")
def not_created(world: World, args: Doc, reason: str) -> None:
    """Leave a backup in error, and free what it was read from."""
    with world.state.change():
        set_status(world, "backup", args["backup"], "error", fail_reason=reason)
        if args["snapshot"]:
            set_status(world, "snapshot", args["snapshot"], "available")
        else:
            set_status(world, "volume", args["volume"], args["volume_was"])
    if not args["snapshot"]:
        world.disks.remove(args["backup"])


@failer("backup.deleted")
def not_deleted(world: World, args: Doc, reason: str) -> None:
    """Leave a backup that could not be deleted."""
    with world.state.change():
        set_status(world, "backup", args["backup"], "error_deleting", fail_reason=reason)


@ROUTES.on("GET", PROJECT + "/backups")
@ROUTES.on("GET", PROJECT + "/backups/detail")
def index(call: Call) -> Answer:
    """List backups, in short or with everything."""
    detail = call.path.rstrip("/").endswith("/detail")
    found = select(call, "backup", call.world.state.all("backup"), _FILTERS)
    found, following = page(call, found, call.base + call.path)
    short = [{"id": d["id"], "name": d["name"], "links": links(call, "backups", d["id"])} for d in found]
    body: Doc = {"backups": [backup_view(call, d) for d in found] if detail else short}
    if following:
        body["backups_links"] = [{"rel": "next", "href": following}]
    return Answer(body=body)


@ROUTES.on("GET", PROJECT + "/backups/{backup}")
def show(call: Call) -> Answer:
    """Show one backup."""
    return Answer(body={"backup": backup_view(call, need(call, "backup", call.params["backup"]))})


@ROUTES.on("PUT", PROJECT + "/backups/{backup}")
def change(call: Call) -> Answer:
    """Rename or describe a backup (3.9), or replace its metadata (3.43)."""
    need_member(call, "backup:update")
    doc = need(call, "backup", call.params["backup"])
    doc |= {k: v for k, v in call.body("backup").items() if k in ("name", "description", "metadata")}
    call.world.state.put("backup", doc)
    short: Doc = {"id": doc["id"], "name": doc["name"], "links": links(call, "backups", doc["id"])}
    return Answer(body={"backup": short})


@ROUTES.on("DELETE", PROJECT + "/backups/{backup}")
def delete(call: Call) -> Answer:
    """Delete a backup that no incremental one needs."""
    need_member(call, "backup:delete")
    doc = need(call, "backup", call.params["backup"])
    if doc["status"] not in ("available", "error"):
        raise Refusal(400, "Invalid backup: Backup status must be available or error")
    if dependents(call, doc):
        raise Refusal(400, "Invalid backup: Incremental backups exist for this backup.")
    set_status(call.world, "backup", doc["id"], "deleting")
    call.world.work.begin("backup.deleted", doc["id"], backup=doc["id"])
    return Answer(202)


@finisher("backup.deleted")
def deleted(world: World, args: Doc) -> None:
    """Forget the backup and its chunks."""
    with world.state.change():
        world.state.drop("backup", args["backup"])
    world.chunks.remove(args["backup"])


@ROUTES.on("GET", PROJECT + "/backups/{backup}/export_record")
def export(call: Call) -> Answer:
    """Show what an admin needs to import this backup into another Cinder."""
    need_admin(call, "backup:export-import")
    doc = need(call, "backup", call.params["backup"])
    if doc["status"] != "available":
        raise Refusal(400, f"Invalid backup: Backup status must be available and not {doc['status']}.")
    whole: Doc = {
        "driver_info": {},
        "id": doc["id"],
        "user_id": doc["user_id"],
        "project_id": doc["project_id"],
    }
    whole |= {"volume_id": doc["volume_id"], "host": HOST, "availability_zone": doc["availability_zone"]}
    whole |= {"container": doc["container"], "parent_id": doc["parent_id"], "status": doc["status"]}
    whole |= {"fail_reason": None, "size": doc["size"], "display_name": doc["name"]}
    whole |= {"display_description": doc["description"], "service_metadata": doc["service_metadata"]}
    whole |= {"service": DRIVER, "object_count": doc["object_count"], "temp_volume_id": None}
    whole |= {"temp_snapshot_id": None, "num_dependent_backups": dependents(call, doc)}
    whole |= {"snapshot_id": doc["snapshot_id"], "data_timestamp": _zulu(doc["data_timestamp"])}
    whole |= {"restore_volume_id": None, "metadata": doc["metadata"], "encryption_key_id": None}
    whole |= {"created_at": _zulu(doc["created_at"]), "updated_at": _zulu(doc["updated_at"])}
    whole |= {"deleted_at": None, "deleted": False}
    packed = base64.b64encode(json.dumps(whole).encode()).decode()
    return Answer(body={"backup-record": {"backup_service": DRIVER, "backup_url": packed}})


def _zulu(text: str | None) -> str | None:
    return f"{text.removesuffix('.000000')}Z" if text else None


@ROUTES.on("POST", PROJECT + "/backups/{backup}/action")
def action(call: Call) -> Answer:
    """Set the status by an admin's word, which also frees what a dead backup held."""
    doc, body = need(call, "backup", call.params["backup"]), call.body()
    if "os-reset_status" not in body:
        raise Refusal(400, f"There is no such action: {', '.join(body)}")
    need_admin(call, "volume_extension:backup_admin_actions:reset_status")
    set_status(call.world, "backup", doc["id"], body["os-reset_status"]["status"])
    return Answer(202)
