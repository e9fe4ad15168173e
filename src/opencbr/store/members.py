"""Members of shared backups, and what sharing lets a project see."""

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select
from sqlalchemy import insert as sql_insert

from opencbr.model.access import Access
from opencbr.model.lists import OwnType
from opencbr.model.member import Member
from opencbr.model.statuses import ACCEPTED
from opencbr.store import tables
from opencbr.store.statements import belongs, values_of

_t, _backups = tables.member, tables.backup


def insert(conn: Connection, member: Member) -> None:
    """Offer a backup to a project; the backup exists."""
    conn.execute(sql_insert(_t).values(**values_of(member)))


def access_to(conn: Connection, reader: str, backup_id: str) -> Access | None:
    """Say how a project may see a backup: its own, or one it has accepted; None for all others.

    A disk of a server backup is shared with the whole. Whether the backup is held is not asked here.
    """
    accepted = exists().where(
        _t.c.backup_id == func.coalesce(_backups.c.parent_id, _backups.c.id),
        _t.c.dest_project_id == reader,
        _t.c.status == ACCEPTED,
    )
    query = select(_backups.c.project_id).where(
        _backups.c.id == backup_id, or_(_backups.c.project_id == reader, accepted)
    )
    owner = conn.execute(query).scalar_one_or_none()
    return None if owner is None else Access(owner, reader)


def visible_to(reader: str, own_type: OwnType, *, by_parents: bool = False) -> ColumnElement[bool]:
    """Write the condition for the backups that a project has, shares, or both (contract 2, ListBackups).

    `by_parents`: they are found by those, and only checked.
    """
    own = belongs(_backups, reader) if by_parents else _backups.c.project_id == reader
    accepted = select(_t.c.backup_id).where(_t.c.dest_project_id == reader, _t.c.status == ACCEPTED)
    shared = _backups.c.id.in_(accepted)
    return {"private": own, "shared": shared, "all_granted": or_(own, shared)}[own_type]
