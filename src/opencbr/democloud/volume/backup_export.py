"""The record with which another Cinder can import a backup."""

import base64
import json

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.routes import HOST, PROJECT, ROUTES, need, need_admin
from opencbr.democloud.volume.views import dependents

DRIVER = "cinder.backup.drivers.posix.PosixBackupDriver"


@ROUTES.on("GET", PROJECT + "/backups/{backup}/export_record")
def export(call: Call) -> Response:
    """Show what an admin needs to import this backup into another Cinder."""
    need_admin(call, "backup:export-import")
    doc = need(call, "backup", call.params["backup"])
    if doc["status"] != "available":
        raise ApiError(400, f"Invalid backup: Backup status must be available and not {doc['status']}.")
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
    return Response(body={"backup-record": {"backup_service": DRIVER, "backup_url": packed}})


def _zulu(text: str | None) -> str | None:
    return f"{text.removesuffix('.000000')}Z" if text else None
