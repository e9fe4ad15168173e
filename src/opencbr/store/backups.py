"""Backups: rows, their moves from status to status, and the chains of incrementals.

A backup that was deleted for the user and is kept for later incrementals (`held_at`) is invisible unless a
function is asked for held ones.
"""

import builtins
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, RowMapping, cast, func, literal, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model.backup import MOVES, Backup
from opencbr.model.lists import BackupFilter, Listing, Page
from opencbr.model.vault import VOLUME
from opencbr.store import tables
from opencbr.store.members import visible_to
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, touched, values_of

_t = tables.backup
_KEYS = sort_keys(_t, "created_at", "updated_at", "name", "status", "protected_at")

WITHOUT_OBJECT: dict[str, None] = {"cinder_backup_id": None, "based_on": None}
"""What changes in a disk's row when its object in the cloud is gone and the row stays: it needs nothing."""


def insert(conn: Connection, backup: Backup) -> None:
    """Add a backup; its vault, checkpoint and parent exist."""
    conn.execute(sql_insert(_t).values(**values_of(backup)))


def insert_all(conn: Connection, backups: Iterable[Backup]) -> None:
    """Add backups, parents before their children."""
    rows = [values_of(backup) for backup in backups]
    if rows:
        conn.execute(sql_insert(_t), rows)


def get(
    conn: Connection, project_id: str, backup_id: str, *, held: bool = False, lock: bool = False
) -> Backup | None:
    """Read one backup of the project; with `lock` nobody else changes it until this transaction ends."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == backup_id, *_visible(held=held))
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else _backup(row)


def children(
    conn: Connection, project_id: str, parent_ids: Collection[str], *, held: bool = False
) -> dict[str, builtins.list[Backup]]:
    """Read the children of each backup in the order of the disks; every given id has an entry."""
    found: dict[str, builtins.list[Backup]] = {parent_id: [] for parent_id in parent_ids}
    query = select(_t).where(
        _t.c.project_id == project_id, _t.c.parent_id.in_(tuple(found)), *_visible(held=held)
    )
    for row in conn.execute(query.order_by(_t.c.position, _t.c.id)).mappings():
        found[row["parent_id"]].append(_backup(row))
    return found


def list(  # noqa: A001 - read as backups.list(…)
    conn: Connection, project_id: str, wanted: BackupFilter, page: Page
) -> Listing[Backup]:
    """Read a page of the backups that the project has or shares. Raises UnknownMarker, UnknownSortKey."""
    conditions = _conditions(project_id, wanted)
    visible = visible_to(project_id, wanted.own_type)
    rows = read_page(conn, _t, _KEYS, visible=visible, conditions=conditions, page=page)
    return Listing([_backup(row) for row in rows.items], rows.count)


def move(conn: Connection, project_id: str, backup_id: str, to: str, **changes: Any) -> bool:
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
    conn: Connection, project_id: str, backup_id: str, to: str, *, updated_at: datetime, **changes: Any
) -> bool:
    """Move a backup as `move` does, and its disks with it: what is true of the whole is true of each part.

    `changes` are the backup's own; False, and no disk moved, when the backup could not.
    """
    if not move(conn, project_id, backup_id, to, updated_at=updated_at, **changes):
        return False
    sources = [source for source, targets in MOVES.items() if to in targets]
    disks = sql_update(_t).where(
        _t.c.project_id == project_id, _t.c.parent_id == backup_id, _t.c.status.in_(sources)
    )
    conn.execute(disks.values(status=to, updated_at=updated_at))
    return True


def update(conn: Connection, project_id: str, backup_id: str, **changes: Any) -> bool:
    """Change fields other than the status, `updated_at` among them; say whether it exists, held or not."""
    if "status" in changes:
        raise ValueError("a backup changes its status by move(), along the allowed moves")
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == backup_id)
    return touched(conn.execute(query.values(**changes)))


def delete(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Remove a backup, its children and their drafts; say whether it existed. Its record is buried before."""
    mine = _t.c.project_id == project_id
    family = select(_t.c.id).where(mine, or_(_t.c.id == backup_id, _t.c.parent_id == backup_id))
    conn.execute(sql_delete(tables.draft).where(tables.draft.c.backup_id.in_(family)))
    conn.execute(sql_delete(_t).where(mine, _t.c.parent_id == backup_id))
    return touched(conn.execute(sql_delete(_t).where(mine, _t.c.id == backup_id)))


def latest_disk(conn: Connection, project_id: str, volume_id: str) -> Backup | None:
    """Read the newest backup of one volume that has an object in the cloud, in any status, held or not.

    Cinder builds an incremental on the newest it has: if that one must not be built upon, no older one can be.
    """
    query = select(_t).where(
        _t.c.project_id == project_id,
        _t.c.resource_id == volume_id,
        _t.c.resource_type == VOLUME,
        _t.c.cinder_backup_id.is_not(None),
    )
    row = conn.execute(query.order_by(_t.c.created_at.desc(), _t.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _backup(row)


def of_object(conn: Connection, project_id: str, volume_id: str, cinder_backup_id: str) -> Backup | None:
    """Read the disk backup of a volume that this object in the cloud is, held or not."""
    query = select(_t).where(
        _t.c.project_id == project_id,
        _t.c.resource_id == volume_id,
        _t.c.cinder_backup_id == cinder_backup_id,
    )
    row = conn.execute(query.limit(1)).mappings().first()
    return None if row is None else _backup(row)


def has_dependents(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Say whether any disk backup is built directly on this one."""
    query = select(_t.c.id).where(_t.c.project_id == project_id, _t.c.based_on == backup_id)
    return conn.execute(query.limit(1)).first() is not None


def unneeded(
    conn: Connection, project_id: str | None = None, volume_ids: Collection[str] | None = None
) -> builtins.list[Backup]:
    """Read the held disk backups that nothing of ours is built on any more, newest first.

    Of all projects, and of all volumes, unless told which.
    """
    above = _t.alias("above")
    built = select(above.c.id).where(above.c.project_id == _t.c.project_id, above.c.based_on == _t.c.id)
    query = select(_t).where(_t.c.held_at.is_not(None), _t.c.resource_type == VOLUME, ~built.exists())
    if project_id is not None:
        query = query.where(_t.c.project_id == project_id)
    if volume_ids is not None:
        query = query.where(_t.c.resource_id.in_(tuple(volume_ids)))
    found = conn.execute(query.order_by(_t.c.created_at.desc(), _t.c.id.desc())).mappings()
    return [_backup(row) for row in found]


def volumes_of(conn: Connection, project_id: str, backup_id: str) -> builtins.list[str]:
    """Name the volumes whose disks are in this backup."""
    return _volumes(conn, project_id, or_(_t.c.id == backup_id, _t.c.parent_id == backup_id))


def volumes_in(
    conn: Connection, project_id: str, vault_id: str, resource_id: str | None = None
) -> builtins.list[str]:
    """Name the volumes whose disks are in the backups of a vault, or of one resource in it."""
    mine = _t.c.vault_id == vault_id
    if resource_id is None:
        return _volumes(conn, project_id, mine)
    top = _t.alias("top")
    tops = select(top.c.id).where(
        top.c.project_id == project_id, top.c.resource_id == resource_id, top.c.vault_id == vault_id
    )
    return _volumes(conn, project_id, mine, or_(_t.c.id.in_(tops), _t.c.parent_id.in_(tops)))


def _volumes(conn: Connection, project_id: str, *conditions: ColumnElement[bool]) -> builtins.list[str]:
    query = select(_t.c.resource_id).distinct()
    query = query.where(_t.c.project_id == project_id, _t.c.resource_type == VOLUME, *conditions)
    return [str(one) for one in conn.execute(query.order_by(_t.c.resource_id)).scalars()]


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


def chain_length(conn: Connection, project_id: str, backup_id: str) -> int:
    """Count the disk backups from this one back to the last full one, both included; 0 when there is none."""
    start = select(_t.c.id, _t.c.based_on).where(_t.c.project_id == project_id, _t.c.id == backup_id)
    chain = start.cte("chain", recursive=True)
    older = select(_t.c.id, _t.c.based_on).where(_t.c.project_id == project_id, _t.c.id == chain.c.based_on)
    chain = chain.union(older)  # without ALL: a circle, which must not be, would end all the same
    return int(conn.execute(select(func.count()).select_from(chain)).scalar_one())


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
    if wanted.statuses and "available" not in wanted.statuses:
        # Says nothing new to us: the partial index is used only by a query that repeats its condition.
        conditions.append(_t.c.status != literal("available", literal_execute=True))
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
        .where(kept.c.project_id == project_id, kept.c.resource_type == VOLUME)
        .group_by(kept.c.vault_id)
        .subquery()
    )
    enough = used.c.megabytes * 100 >= cast(vault.c.size_gb, BigInteger) * 1024 * percent
    joined = select(vault.c.id).join(used, used.c.vault_id == vault.c.id)
    return joined.where(vault.c.project_id == project_id, enough)


def _backup(row: RowMapping) -> Backup:
    return Backup(**row)
