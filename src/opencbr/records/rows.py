"""Rows of records, and which backups must have one."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert

from opencbr.model.backup import RECORDED
from opencbr.store import tables
from opencbr.store.errors import RecordDamaged
from opencbr.store.statements import read_rows, touched, values_of

_t, _links, _backups = tables.record, tables.record_link, tables.backup


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
    signer: bytes  # 32 bytes, an Ed25519 public key
    sequence: int


def insert(conn: Connection, row: RecordRow) -> None:
    """Add a record; its backup exists."""
    conn.execute(sql_insert(_t).values(**values_of(row)))


def get(conn: Connection, project_id: str, backup_id: str) -> RecordRow | None:
    """Read the record of one backup of the project. Raises RecordDamaged for a value of an odd type."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.backup_id == backup_id)
    return next(iter(read_rows(conn, query, RecordRow, odd(backup_id))), None)


def odd(backup_id: str) -> RecordDamaged:
    """Make the error for a record with a value of an odd type."""
    return RecordDamaged(f"the record of backup {backup_id} is damaged: its row is not what was written")


def delete(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Remove a record; say whether it existed. The link stays."""
    query = sql_delete(_t).where(_t.c.project_id == project_id, _t.c.backup_id == backup_id)
    return touched(conn.execute(query))


# The verdict is written with the record. A backup whose record is buried is gone, or held, in the same transaction.
_OWING: ColumnElement[bool] = and_(
    _backups.c.parent_id.is_(None),
    _backups.c.held_at.is_(None),
    or_(
        _backups.c.status.in_(sorted(RECORDED)),
        _backups.c.verdict.is_not(None),
        exists().where(
            _links.c.backup_id == _backups.c.id,
            _links.c.project_id == _backups.c.project_id,
            _links.c.buried_at.is_(None),
        ),
    ),
)


def must_stand(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Say whether a backup must have a record. A disk of a server backup need not: the record is the server's."""
    mine = (_backups.c.project_id == project_id, _backups.c.id == backup_id)
    return conn.execute(select(_backups.c.id).where(*mine, _OWING)).first() is not None


def owing(conn: Connection, project_id: str = "", resource_id: str = "") -> list[tuple[str, str, str]]:
    """Name the backups that must have a record, of one project or resource: project, resource and backup."""
    query = select(_backups.c.project_id, _backups.c.resource_id, _backups.c.id).where(_OWING)
    if project_id:
        query = query.where(_backups.c.project_id == project_id)
    if resource_id:
        query = query.where(_backups.c.resource_id == resource_id)
    found = conn.execute(query.order_by(_backups.c.created_at, _backups.c.id))
    return [(row.project_id, row.resource_id, row.id) for row in found]
