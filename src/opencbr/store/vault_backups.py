"""What is done to the backups of a vault together: they move to another vault, or get a day to expire on."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, or_, select
from sqlalchemy import update as sql_update

from opencbr.model import statuses
from opencbr.store import backups, tables
from opencbr.store.statements import belongs, checked

_t = tables.backup
_STANDING = (statuses.AVAILABLE, statuses.WAITING_RESTORE, statuses.RESTORING, statuses.ERROR)
"""Statuses of a backup that has been made and is to stay."""


def used_by(conn: Connection, project_id: str, vault_id: str, resource_ids: Collection[str]) -> int:
    """Sum up, in MiB, what the backups of these resources hold in the vault, held ones too."""
    query = select(func.coalesce(func.sum(_t.c.stored_mb), 0)).where(
        *of_resources(project_id, vault_id, resource_ids)
    )
    return int(conn.execute(query).scalar_one())


def move(
    conn: Connection,
    project_id: str,
    resource_ids: Collection[str],
    *,
    source: str,
    destination: str,
    updated_at: datetime,
) -> None:
    """Move all backups of these resources from one vault to another, held ones and those of their disks too."""
    query = sql_update(_t).where(*of_resources(project_id, source, resource_ids))
    conn.execute(query.values(vault_id=destination, updated_at=updated_at))


def has_automatic(conn: Connection, project_id: str, vault_id: str, *, after: datetime | None) -> bool:
    """Say whether the vault has an automatic backup that expires later than `after`, or never (contract 5.1).

    Without `after` only those that never expire count.
    """
    asked = tables.checkpoint
    later = [] if after is None else [_t.c.expired_at > after]
    query = (
        select(_t.c.id)
        .join(asked, asked.c.id == _t.c.checkpoint_id)
        .where(
            *_standing(_t, project_id, vault_id),
            asked.c.auto_trigger,
            or_(_t.c.expired_at.is_(None), *later),
        )
    )
    return conn.execute(query.limit(1)).first() is not None


def set_expiry(
    conn: Connection, project_id: str, vault_id: str, expired_at: datetime, *, updated_at: datetime
) -> int:
    """Let all backups of the vault that stand expire at this moment; return how many, disks of servers not counted."""
    top = _t.alias("top")
    standing = _standing(top, project_id, vault_id)
    count = conn.execute(select(func.count()).select_from(top).where(*standing)).scalar_one()
    query = sql_update(_t).where(*_with_disks(project_id, vault_id, select(top.c.id).where(*standing)))
    conn.execute(query.values(expired_at=expired_at, updated_at=updated_at))
    return int(count)


def of_resources(
    project_id: str, vault_id: str, resource_ids: Collection[str]
) -> tuple[ColumnElement[bool], ...]:
    """Say that a backup is one of these resources' in the vault, or of one of their disks."""
    top = _t.alias("top")
    tops = select(top.c.id).where(
        top.c.project_id == project_id,
        checked(top.c.vault_id) == vault_id,
        top.c.parent_id.is_(None),
        top.c.resource_id.in_(tuple(resource_ids)),
    )
    return _with_disks(project_id, vault_id, tops)


def _with_disks(project_id: str, vault_id: str, tops: Select[Any]) -> tuple[ColumnElement[bool], ...]:
    return backups.with_disks(tops), belongs(_t, project_id), checked(_t.c.vault_id) == vault_id


def _standing(kept: FromClause, project_id: str, vault_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        kept.c.project_id == project_id,
        kept.c.vault_id == vault_id,
        kept.c.parent_id.is_(None),
        kept.c.held_at.is_(None),
        kept.c.status.in_(_STANDING),
    )
