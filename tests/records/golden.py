"""The rows and key files of tests/data/record, and the backups they belong to."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from opencbr.model.vault import PROVIDER_ID, SERVER, VOLUME
from opencbr.store import backups, disk_backups, tables
from opencbr.store.database import Database
from store.samples import backup, kept_vault

FOLDER = Path(__file__).parents[1] / "data/record"
EXPORT = json.loads((FOLDER / "export.json").read_text("utf-8"))
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))
"""By backup: the project and the resource; by view, the answer and the documents."""
BURIED = "80000000-0000-4000-8000-000000000008"
PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
VIEWS = ["", "infrastructure", "secrets", "infrastructure+secrets"]


def rows(table: str) -> list[dict[str, Any]]:
    """The rows of a table, with the values that columns have."""
    found = json.loads((FOLDER / "rows.json").read_text("utf-8"))[table]
    return [{name: _value(value) for name, value in row.items()} for row in found]


def restore(database: Database, key_folder: Path) -> None:
    """Put the rows into a database and the keys into a folder, as from a backup of an installation."""
    key_folder.mkdir(mode=0o700, parents=True)
    for name in ("master.key", "signing.key"):
        (key_folder / name).write_bytes((FOLDER / name).read_bytes())
        (key_folder / name).chmod(0o600)
    with database.write() as conn:
        for backup_id, one in EXPECTED.items():
            _, point = kept_vault(conn, one["project_id"])
            kind = "server" if one["resource_type"] == SERVER else "disk"
            same = {name: one[name] for name in ("resource_id", "resource_type")}
            given = {"id": backup_id, "status": "available", "provider_id": PROVIDER_ID[kind], **same}
            backups.insert_all(conn, [backup(point, **given)])
        for table in ("settings", "project_key", "record", "record_link"):
            conn.execute(insert(tables.metadata.tables[table]), rows(table))


def enter(database: Database, project_id: str, report: dict[str, Any]) -> None:
    """Enter the verdict and the disks' rows of a backup, as its report tells them."""
    with database.write() as conn:
        top = backups.get(conn, project_id, report["backup_id"])
        assert top is not None
        disks = report["disk_backups"]
        size = sum(one["size_gb"] for one in disks)
        az = report["resource"]["availability_zone"]
        backups.update(
            conn, project_id, top.id, verdict=report["verdict"], resource_size=size, resource_az=az
        )
        for one in disks:
            if top.resource_type == SERVER:
                same = {"id": one["backup_id"], "parent_id": top.id, "position": one["position"]}
                same |= {"resource_size": one["size_gb"]}
                child = replace(top, resource_id=one["volume_id"], resource_type=VOLUME, **same)
                backups.insert(conn, child)
            noted = {
                name: one[name] for name in ("cinder_backup_id", "is_incremental", "based_on", "stored_mb")
            }
            disk_backups.note(conn, project_id, one["backup_id"], now=top.updated_at, **noted)


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        if "base64" in value:
            return base64.b64decode(value["base64"])
        return datetime.fromisoformat(value["time"]).replace(tzinfo=UTC)
    return value
