"""Rows of records and the links that chain the records of one resource."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.store import tables
from opencbr.store.statements import touched, values_of

_records, _links = tables.record, tables.record_link


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record as stored: three sealed blobs, and what proves them."""

    backup_id: str
    project_id: str
    key_id: str
    dictionary_id: str
    answer: bytes
    secrets: bytes
    documents: bytes
    digest: bytes  # 32 bytes
    signature: bytes  # 64 bytes
    signer: str
    sequence: int


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


def insert(conn: Connection, row: RecordRow) -> None:
    """Add a record; its backup exists."""
    conn.execute(sql_insert(_records).values(**values_of(row)))


def get(conn: Connection, project_id: str, backup_id: str) -> RecordRow | None:
    """Read the record of one backup of the project."""
    query = select(_records).where(_records.c.project_id == project_id, _records.c.backup_id == backup_id)
    row = conn.execute(query).mappings().first()
    return None if row is None else RecordRow(**row)


def delete(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Remove a record; say whether it existed. The link stays."""
    query = sql_delete(_records).where(_records.c.project_id == project_id, _records.c.backup_id == backup_id)
    return touched(conn.execute(query))


def add_link(conn: Connection, link: Link) -> None:
    """Add a link; the database refuses a second one of a resource and sequence (IntegrityError)."""
    conn.execute(sql_insert(_links).values(**values_of(link)))


def last_link(conn: Connection, project_id: str, resource_id: str) -> Link | None:
    """Read the newest link of a resource, a tombstone or not."""
    mine = (_links.c.project_id == project_id, _links.c.resource_id == resource_id)
    row = (
        conn.execute(select(_links).where(*mine).order_by(_links.c.sequence.desc()).limit(1))
        .mappings()
        .first()
    )
    return None if row is None else Link(**row)


def links(conn: Connection, project_id: str, resource_id: str) -> list[Link]:
    """Read the whole chain of a resource, first link first, tombstones among them."""
    mine = (_links.c.project_id == project_id, _links.c.resource_id == resource_id)
    query = select(_links).where(*mine).order_by(_links.c.sequence)
    return [Link(**row) for row in conn.execute(query).mappings()]


def bury(conn: Connection, project_id: str, backup_id: str, at: datetime) -> bool:
    """Make a tombstone of a link; say whether there was one that was not buried yet."""
    mine = (_links.c.project_id == project_id, _links.c.backup_id == backup_id, _links.c.buried_at.is_(None))
    return touched(conn.execute(sql_update(_links).where(*mine).values(buried_at=at)))
