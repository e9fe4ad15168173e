"""The links that chain the records of one resource."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy import update as sql_update

from opencbr.store import statements, tables
from opencbr.store.errors import RecordDamaged
from opencbr.store.statements import read_rows, touched, values_of

_t = tables.record_link


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a resource's chain; `buried_at` makes it a tombstone: record gone, chain not."""

    backup_id: str
    project_id: str
    resource_id: str
    sequence: int
    digest: bytes
    previous: bytes | None
    closed_at: datetime
    buried_at: datetime | None = None


def insert_new(conn: Connection, link: Link) -> bool:
    """Add a link, unless the resource or the backup has one in that place; say whether it was added."""
    return statements.insert_new(conn, _t, values_of(link))


def get(conn: Connection, project_id: str, backup_id: str) -> Link | None:
    """Read the link of one backup of the project. Raises RecordDamaged for a value of an odd type, as all here do."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.backup_id == backup_id)
    return next(iter(_read(conn, query, f"the record of backup {backup_id}")), None)


def last(conn: Connection, project_id: str, resource_id: str) -> Link | None:
    """Read the newest link of a resource, a tombstone or not."""
    newest = _of(project_id, resource_id).order_by(_t.c.sequence.desc()).limit(1)
    return next(iter(_read(conn, newest, f"the chain of resource {resource_id}")), None)


def chain(conn: Connection, project_id: str, resource_id: str) -> list[Link]:
    """Read all links of a resource, first link first, tombstones among them."""
    query = _of(project_id, resource_id).order_by(_t.c.sequence, _t.c.backup_id)
    return _read(conn, query, f"the chain of resource {resource_id}")


def resources(conn: Connection, project_id: str = "", resource_id: str = "") -> list[tuple[str, str]]:
    """Name the resources that have a chain: project and resource."""
    query = select(_t.c.project_id, _t.c.resource_id).distinct()
    if project_id:
        query = query.where(_t.c.project_id == project_id)
    if resource_id:
        query = query.where(_t.c.resource_id == resource_id)
    return [(row.project_id, row.resource_id) for row in conn.execute(query)]


def bury(conn: Connection, project_id: str, backup_id: str, at: datetime) -> bool:
    """Make a tombstone of a link; say whether there was one that was not buried yet."""
    mine = (_t.c.project_id == project_id, _t.c.backup_id == backup_id, _t.c.buried_at.is_(None))
    return touched(conn.execute(sql_update(_t).where(*mine).values(buried_at=at)))


def _of(project_id: str, resource_id: str) -> Select[Any]:
    return select(_t).where(_t.c.project_id == project_id, _t.c.resource_id == resource_id)


def _read(conn: Connection, query: Select[Any], what: str) -> list[Link]:
    damaged = RecordDamaged(f"{what} is damaged: a link is not what was written")
    return read_rows(conn, query, Link, damaged)
