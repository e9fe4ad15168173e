"""Backups: rows and their moves from status to status. What holds a disk's backup is in `disk_backups`.

A backup that was deleted for the user and is kept for later incrementals (`held_at`) is invisible unless a
function is asked for held ones.
"""

import builtins
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model import statuses
from opencbr.model.backup import MOVES, Backup
from opencbr.model.extend_info import LOST
from opencbr.model.lists import BackupFilter, Listing, Page
from opencbr.store import tables
from opencbr.store.members import visible_to
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, belongs, touched, values_of

_t = tables.backup
_KEYS = sort_keys(_t, "created_at", "updated_at", "name", "status", "protected_at")


def insert(conn: Connection, backup: Backup) -> None:
    """Add a backup; its vault, checkpoint and parent exist."""
    insert_all(conn, [backup])


def insert_all(conn: Connection, backups: Iterable[Backup]) -> None:
    """Add backups, parents before their children; what holds a disk's backup is noted in `disk_backups`."""
    rows = [values_of(backup, Backup) for backup in backups]
    if rows:
        conn.execute(sql_insert(_t), rows)


def get(
    conn: Connection, project_id: str, backup_id: str, *, held: bool = False, lock: bool = False
) -> Backup | None:
    """Read one backup of the project; with `lock` nobody else changes it until this transaction ends."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == backup_id, *_visible(held=held))
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else _backup(row)


def by_ids(conn: Connection, project_id: str, backup_ids: Collection[str]) -> dict[str, Backup]:
    """Read those of these backups that the project has."""
    query = select(_t).where(_t.c.id.in_(tuple(backup_ids)), belongs(_t, project_id), *_visible(held=False))
    return {row["id"]: _backup(row) for row in conn.execute(query).mappings()} if backup_ids else {}


def resources_with(
    conn: Connection,
    project_id: str,
    vault_ids: Collection[str],
    resource_ids: Collection[str],
    wanted: Collection[statuses.BackupStatus],
) -> set[str]:
    """Name those of these resources that have a backup of one of the statuses in one of the vaults."""
    query = select(_t.c.resource_id).where(
        _t.c.project_id == project_id,
        _t.c.vault_id.in_(tuple(vault_ids)),
        _t.c.resource_id.in_(tuple(resource_ids)),
        _t.c.status.in_(tuple(wanted)),
        _t.c.parent_id.is_(None),
        *_visible(held=False),
    )
    return {*conn.execute(query.distinct()).scalars()}


def with_disks(ids: Sequence[str] | Select[Any]) -> ColumnElement[bool]:
    """Say of a row that it is one of these backups or a disk of one: the project is to be asked beside it."""
    return or_(_t.c.id.in_(ids), _t.c.parent_id.in_(ids))


def children(
    conn: Connection, project_id: str, parent_ids: Collection[str], *, held: bool = False
) -> dict[str, builtins.list[Backup]]:
    """Read the children of each backup in the order of the disks; every given id has an entry."""
    found: dict[str, builtins.list[Backup]] = {parent_id: [] for parent_id in parent_ids}
    query = select(_t).where(_t.c.parent_id.in_(tuple(found)), belongs(_t, project_id), *_visible(held=held))
    for row in conn.execute(query.order_by(_t.c.position, _t.c.id)).mappings():
        found[row["parent_id"]].append(_backup(row))
    return found


def list(  # noqa: A001 - read as backups.list(…)
    conn: Connection, project_id: str, wanted: BackupFilter, page: Page
) -> Listing[Backup]:
    """Read a page of the backups that the project has or shares. Raises UnknownMarker, UnknownSortKey."""
    conditions = _conditions(project_id, wanted)
    visible = visible_to(project_id, wanted.own_type, by_parents=bool(wanted.parent_ids))
    rows = read_page(conn, _t, _KEYS, visible=visible, conditions=conditions, page=page)
    return Listing([_backup(row) for row in rows.items], rows.count)


def move(
    conn: Connection, project_id: str, backup_id: str, to: statuses.BackupStatus, **changes: Any
) -> bool:
    """Change the status along the allowed moves (model.backup.MOVES).

    Other fields change with it, `updated_at` among them. Of two that try at once one gets True; False
    also when the backup is not there, or not in a status it could move from.
    """
    sources = [source for source, targets in MOVES.items() if to in targets]
    query = sql_update(_t).where(
        _t.c.project_id == project_id, _t.c.id == backup_id, _t.c.status.in_(sources)
    )
    return touched(conn.execute(query.values(status=to, **changes)))


def move_family(
    conn: Connection,
    project_id: str,
    backup_id: str,
    to: statuses.BackupStatus,
    *,
    updated_at: datetime,
    **changes: Any,
) -> bool:
    """Move a backup as `move` does, and its disks with it: what is true of the whole is true of each part.

    `changes` are the backup's own; False, and no disk moved, when the backup could not.
    """
    if not move(conn, project_id, backup_id, to, updated_at=updated_at, **changes):
        return False
    sources = [source for source, targets in MOVES.items() if to in targets]
    disks = sql_update(_t).where(
        _t.c.parent_id == backup_id, belongs(_t, project_id), _t.c.status.in_(sources)
    )
    conn.execute(disks.values(status=to, updated_at=updated_at))
    return True


def tell_loss(conn: Connection, backup: Backup, sentence: str | None, *, now: datetime) -> bool:
    """Set a finished backup to `error` because of what the cloud has lost of it; None makes it available again.

    False when that is known, or the backup is neither available nor held nor lost.
    """
    info = {key: value for key, value in backup.extend_info.items() if key != LOST}
    if sentence == backup.extend_info.get(LOST):
        return False
    before, after = (statuses.AVAILABLE, statuses.ERROR) if sentence else (statuses.ERROR, statuses.AVAILABLE)
    mine = (_t.c.project_id == backup.project_id, _t.c.id == backup.id)
    lost = _t.c.status == (statuses.ERROR if LOST in backup.extend_info else statuses.AVAILABLE)
    query = sql_update(_t).where(*mine, or_(lost, _t.c.held_at.is_not(None)))
    changes = {"extend_info": info | ({LOST: sentence} if sentence else {}), "updated_at": now}
    status = case((_t.c.status == before, after), else_=_t.c.status)
    return touched(conn.execute(query.values(status=status, **changes)))


def set_info(
    conn: Connection, project_id: str, backup_id: str, key: str, value: Any | None, *, updated_at: datetime
) -> None:
    """Set one member of a backup's extend_info, or take it out with None; a backup that is gone has none."""
    backup = get(conn, project_id, backup_id, held=True, lock=True)
    if backup is not None:
        info = {name: one for name, one in backup.extend_info.items() if name != key}
        info |= {} if value is None else {key: value}
        update(conn, project_id, backup_id, extend_info=info, updated_at=updated_at)


def update(conn: Connection, project_id: str, backup_id: str, **changes: Any) -> bool:
    """Change fields other than the status, `updated_at` among them; say whether it exists, held or not."""
    if "status" in changes:
        raise ValueError("a backup changes its status by move(), along the allowed moves")
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == backup_id)
    return touched(conn.execute(query.values(**changes)))


def delete(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Remove a backup, its children and their drafts; say whether it existed. Its record is buried before."""
    mine = belongs(_t, project_id)
    ids = select(_t.c.id).where(with_disks([backup_id]), mine)
    conn.execute(sql_delete(tables.draft).where(tables.draft.c.backup_id.in_(ids)))
    conn.execute(sql_delete(_t).where(_t.c.parent_id == backup_id, mine))
    return touched(conn.execute(sql_delete(_t).where(_t.c.id == backup_id, mine)))


def of_checkpoint(
    conn: Connection, project_id: str, checkpoint_id: str, *, held: bool = False
) -> builtins.list[Backup]:
    """Read the top-level backups of a checkpoint, oldest first."""
    query = select(_t).where(
        _t.c.project_id == project_id,
        _t.c.checkpoint_id == checkpoint_id,
        _t.c.parent_id.is_(None),
        *_visible(held=held),
    )
    return [_backup(row) for row in conn.execute(query.order_by(_t.c.created_at, _t.c.id)).mappings()]


def _visible(*, held: bool) -> tuple[ColumnElement[bool], ...]:
    return () if held else (_t.c.held_at.is_(None),)


def _conditions(project_id: str, wanted: BackupFilter) -> builtins.list[ColumnElement[bool]]:
    conditions: builtins.list[ColumnElement[bool]] = [
        _t.c.held_at.is_(None),
        among(_t.c.parent_id, wanted.parent_ids) if wanted.parent_ids else _t.c.parent_id.is_(None),
        among(_t.c.checkpoint_id, wanted.checkpoint_ids),
        among(_t.c.vault_id, wanted.vault_ids),
        among(_t.c.name, wanted.names),
        among(_t.c.status, wanted.statuses),
        among(_t.c.image_type, wanted.image_types),
        among(_t.c.resource_id, wanted.resource_ids),
        among(_t.c.resource_name, wanted.resource_names),
        among(_t.c.resource_type, wanted.resource_types),
        among(_t.c.resource_az, wanted.resource_azs),
    ]
    if wanted.statuses and statuses.AVAILABLE not in wanted.statuses:
        # Says nothing new to us: the partial index is used only by a query that repeats its condition.
        conditions.append(_t.c.status != literal(statuses.AVAILABLE, literal_execute=True))
    if wanted.created_from is not None:
        conditions.append(_t.c.created_at >= wanted.created_from)
    if wanted.created_to is not None:
        conditions.append(_t.c.created_at <= wanted.created_to)
    if wanted.incremental is not None:
        conditions.append(_t.c.incremental.is_(wanted.incremental))
    if wanted.used_percent is not None:
        conditions.append(_t.c.vault_id.in_(_vaults_used(project_id, wanted.used_percent)))
    return conditions


def _vaults_used(project_id: str, percent: int) -> Any:
    vault, kept = tables.vault, _t.alias("kept")
    used = (
        select(kept.c.vault_id, func.sum(kept.c.stored_mb).label("megabytes"))
        .where(kept.c.project_id == project_id)
        .group_by(kept.c.vault_id)
        .subquery()
    )
    enough = used.c.megabytes * 100 >= cast(vault.c.size_gb, BigInteger) * 1024 * percent
    joined = select(vault.c.id).join(used, used.c.vault_id == vault.c.id)
    return joined.where(vault.c.project_id == project_id, enough)


def _backup(row: RowMapping) -> Backup:
    return Backup(**row)
