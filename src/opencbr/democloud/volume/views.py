"""How Cinder shows a volume, a snapshot and a backup, for each microversion and caller."""

from opencbr.democloud.request import Call
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.volume.routes import HOST, links


def volume_view(call: Call, doc: Doc, *, fresh: bool = False) -> Doc:
    """Show a volume; `fresh` is the answer to its creation, which has fewer fields."""
    names = ("id", "status", "size", "availability_zone", "created_at", "updated_at", "name", "description")
    shown: Doc = pick(doc, *names, "volume_type", "snapshot_id", "source_volid")
    shown |= {"metadata": doc["metadata"], "links": links(call, "volumes", doc["id"])}
    shown |= {
        "user_id": doc["user_id"],
        "bootable": doc["bootable"],
        "encrypted": doc.get("encryption_key_id") is not None,
    }
    shown |= {"replication_status": None, "consistencygroup_id": None, "multiattach": False}
    shown["attachments"] = [_attachment(call, doc, held) for held in _attached(call, doc)]
    if call.is_admin and not fresh:
        shown["migration_status"] = None
    newer: tuple[tuple[str, bool, Doc], ...] = (
        ("3.13", False, {"group_id": None}),
        ("3.21", True, {"provider_id": None}),
        ("3.48", False, {"shared_targets": fresh, "service_uuid": None if fresh else doc["service_uuid"]}),
        ("3.61", True, {"cluster_name": None}),
        ("3.63", False, {"volume_type_id": doc["volume_type_id"]}),
        ("3.64", False, {"encryption_key_id": key} if (key := doc.get("encryption_key_id")) else {}),
        ("3.65", False, {"consumes_quota": True}),
    )  # from which microversion on, whether to admins only, what is shown
    for since, for_admins, more in newer:
        if call.at_least(since) and (call.is_admin or not for_admins):
            shown |= more
    if fresh:
        return shown
    shown["os-vol-tenant-attr:tenant_id"] = doc["project_id"]
    if call.is_admin:
        shown |= {"os-vol-mig-status-attr:migstat": None, "os-vol-mig-status-attr:name_id": None}
        shown["os-vol-host-attr:host"] = f"{HOST}@disks#disks"
    if doc.get("volume_image_metadata"):
        shown["volume_image_metadata"] = doc["volume_image_metadata"]
    return shown


def _attached(call: Call, doc: Doc) -> list[Doc]:
    held = call.backend.state.all("attachment", doc["project_id"], volume_id=doc["id"])
    return [a for a in held if a["status"] == "attached"]


def _attachment(call: Call, doc: Doc, held: Doc) -> Doc:
    shown: Doc = {"id": doc["id"], "attachment_id": held["id"], "volume_id": doc["id"]}
    shown |= {"server_id": held["server_id"], "host_name": HOST if call.is_admin else None}
    return shown | {"device": held["device"], "attached_at": held["attached_at"]}


def snapshot_view(call: Call, doc: Doc, *, extended: bool = True) -> Doc:
    """Show a snapshot; short lists and the answer to its creation leave the `extended` fields out."""
    names = (
        "id",
        "created_at",
        "updated_at",
        "name",
        "description",
        "volume_id",
        "status",
        "size",
        "metadata",
    )
    shown: Doc = pick(doc, *names)
    if call.at_least("3.14"):
        shown["group_snapshot_id"] = None
    if call.at_least("3.41"):
        shown["user_id"] = doc["user_id"]
    if call.at_least("3.65"):
        shown["consumes_quota"] = True
    if extended:
        shown["os-extended-snapshot-attributes:project_id"] = doc["project_id"]
        shown["os-extended-snapshot-attributes:progress"] = doc["progress"]
    return shown


def backup_view(call: Call, doc: Doc) -> Doc:
    """Show a backup with all its fields."""
    shown: Doc = pick(doc, "id", "status", "size", "object_count", "availability_zone")
    names = ("container", "created_at", "updated_at", "name", "description", "fail_reason", "volume_id")
    shown |= pick(doc, *names)
    shown |= {"links": links(call, "backups", doc["id"]), "is_incremental": doc["parent_id"] is not None}
    shown["has_dependent_backups"] = dependents(call, doc) > 0
    shown |= {"snapshot_id": doc["snapshot_id"], "data_timestamp": doc["data_timestamp"]}
    if call.at_least("3.43"):
        shown["metadata"] = doc["metadata"]
    if call.is_admin and call.at_least("3.18"):
        shown["os-backup-project-attr:project_id"] = doc["project_id"]
    if call.is_admin and call.at_least("3.56"):
        shown["user_id"] = doc["user_id"]
    return shown


def dependents(call: Call, doc: Doc) -> int:
    """Count the incremental backups that need `doc`; one whose making failed needs nothing."""
    others = call.backend.state.all("backup", doc["project_id"], parent_id=doc["id"])
    return sum(1 for other in others if other["status"] != "deleted")
