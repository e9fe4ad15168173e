"""Drafts: sealed readings, kept between the steps of a backup until its record is closed."""

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete

from opencbr.keys.aead import SealBroken
from opencbr.store import tables
from opencbr.store.statements import as_written, insert_or_replace

_t = tables.draft


def put(conn: Connection, backup_id: str, part: str, sealed: bytes) -> None:
    """Keep one part, over what was kept before under the same name."""
    insert_or_replace(conn, _t, {"backup_id": backup_id, "part": part, "sealed": sealed})


def get(conn: Connection, backup_id: str, part: str) -> bytes | None:
    """Read one part as it was sealed; None when it was never kept. Raises SealBroken for what nobody sealed."""
    query = select(_t.c.sealed).where(_t.c.backup_id == backup_id, _t.c.part == part)
    with as_written(SealBroken(f"a kept reading of backup {backup_id} cannot be read")):
        return conn.execute(query).scalar_one_or_none()


def delete(conn: Connection, project_id: str, backup_id: str) -> None:
    """Remove every part kept for this backup of the project."""
    backup = tables.backup.c
    mine = select(backup.id).where(backup.id == backup_id, backup.project_id == project_id)
    conn.execute(sql_delete(_t).where(_t.c.backup_id.in_(mine)))
