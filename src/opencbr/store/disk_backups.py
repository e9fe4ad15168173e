"""Backups of disks: the objects in the cloud that hold them, one in a region, and the chains of incrementals.

Functions read and write what lies in one region, the installation's own unless told. Held backups are read like all
others: what later incrementals need is there, whether its user has deleted it or not.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, false, func, literal, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

from opencbr.model import statuses
from opencbr.model.backup import OWN_REGION, DiskBackup
from opencbr.model.extend_info import LOST
from opencbr.model.vault import VOLUME
from opencbr.store import backups, tables, vault_backups
from opencbr.store.statements import belongs, insert_selected

_t = tables.backup
_object = tables.volume_backup
_NEWEST = (_t.c.created_at.desc(), _t.c.id.desc())


def get(conn: Connection, project_id: str, backup_id: str, *, region: str = OWN_REGION) -> DiskBackup | None:
    """Read the backup of one disk."""
    query = _disks(region).where(_t.c.project_id == project_id, _t.c.id == backup_id)
    return _first(conn, query)


def of_backup(
    conn: Connection, project_id: str, backup_id: str, *, region: str = OWN_REGION
) -> list[DiskBackup]:
    """Read the disks of a backup in their order; a disk backup is its own."""
    query = _disks(region).where(backups.with_disks([backup_id]), belongs(_t, project_id))
    return _all(conn, query.order_by(_t.c.position, _t.c.id))


def latest(
    conn: Connection, project_id: str, volume_id: str, *, region: str = OWN_REGION
) -> DiskBackup | None:
    """Read the newest backup of one volume that has an object in the region, in any status.

    Cinder builds an incremental on the newest it has: if that one must not be built upon, no older one can be.
    """
    query = _disks(region).where(
        _t.c.project_id == project_id, _t.c.resource_id == volume_id, _object.c.cinder_backup_id.is_not(None)
    )
    return _first(conn, query.order_by(*_NEWEST).limit(1))


def finished(conn: Connection) -> list[DiskBackup]:
    """Read the finished backups of disks of all projects that have an object in the cloud, held and lost ones too."""
    query = _disks(OWN_REGION).where(
        _object.c.cinder_backup_id.is_not(None),
        or_(_t.c.status.in_([statuses.AVAILABLE, statuses.ERROR]), _t.c.held_at.is_not(None)),
    )
    return [
        disk
        for disk in _all(conn, query)
        if disk.status == statuses.AVAILABLE or disk.held_at is not None or LOST in disk.extend_info
    ]


def of_object(
    conn: Connection, project_id: str, volume_id: str, cinder_backup_id: str, *, region: str = OWN_REGION
) -> DiskBackup | None:
    """Read the disk backup of a volume that this object in the cloud is."""
    query = _disks(region).where(
        _t.c.project_id == project_id,
        _t.c.resource_id == volume_id,
        _object.c.cinder_backup_id == cinder_backup_id,
    )
    return _first(conn, query.limit(1))


def has_dependents(conn: Connection, project_id: str, backup_id: str) -> bool:
    """Say whether any disk backup is built directly on this one, in whatever region."""
    query = select(_object.c.backup_id).where(
        _object.c.project_id == project_id, _object.c.based_on == backup_id
    )
    return conn.execute(query.limit(1)).first() is not None


def unneeded(
    conn: Connection, project_id: str | None = None, volume_ids: Collection[str] | None = None
) -> list[DiskBackup]:
    """Read the held disk backups that nothing of ours is built on any more, newest first.

    Of all projects, and of all volumes, unless told which.
    """
    above = _object.alias("above")
    built = select(above.c.backup_id).where(
        above.c.project_id == _t.c.project_id, above.c.based_on == _t.c.id
    )
    query = _disks(OWN_REGION).where(_t.c.held_at.is_not(None), ~built.exists())
    if project_id is not None:
        query = query.where(_t.c.project_id == project_id)
    if volume_ids is not None:
        query = query.where(_t.c.resource_id.in_(tuple(volume_ids)))
    return _all(conn, query.order_by(*_NEWEST))


def chain_length(conn: Connection, project_id: str, backup_id: str, *, region: str = OWN_REGION) -> int:
    """Count the objects from this backup's back to the last full one's, both included; 0 when there is none."""
    links = select(_object.c.backup_id, _object.c.based_on).where(
        _object.c.project_id == project_id, _object.c.region == region
    )
    chain = links.where(_object.c.backup_id == backup_id).cte("chain", recursive=True)
    older = links.where(_object.c.backup_id == chain.c.based_on)
    chain = chain.union(older)  # without ALL: a circle, which must not be, would end all the same
    return int(conn.execute(select(func.count()).select_from(chain)).scalar_one())


def note(
    conn: Connection,
    project_id: str,
    backup_id: str,
    *,
    now: datetime,
    region: str = OWN_REGION,
    **changes: Any,
) -> None:
    """Write down what is known of the object that holds a disk's backup, made or only planned.

    `changes` are columns of `volume_backup`. Nothing is written when the project has no such backup.
    """
    wanted = select(
        _t.c.id, literal(region, _object.c.region.type), _t.c.project_id, false(), literal(0)
    ).where(_t.c.project_id == project_id, _t.c.id == backup_id)
    insert_selected(
        conn, _object, ("backup_id", "region", "project_id", "is_incremental", "stored_mb"), wanted
    )
    conn.execute(sql_update(_object).where(*_is(project_id, backup_id, region)).values(**changes))
    _sum_up(conn, project_id, backup_id, now)


def forget(
    conn: Connection, project_id: str, backup_id: str, *, now: datetime, region: str = OWN_REGION
) -> None:
    """Note that the object in the cloud is gone while the disk's backup stays: it takes no space and needs nothing."""
    conn.execute(sql_delete(_object).where(*_is(project_id, backup_id, region)))
    _sum_up(conn, project_id, backup_id, now)


def volumes_of(conn: Connection, project_id: str, backup_id: str) -> list[str]:
    """Name the volumes whose disks are in this backup."""
    return _volumes(conn, backups.with_disks([backup_id]), belongs(_t, project_id))


def volumes_in(conn: Connection, project_id: str, vault_id: str, resource_id: str | None = None) -> list[str]:
    """Name the volumes whose disks are in the backups of a vault, or of one resource in it."""
    if resource_id is None:
        return _volumes(conn, _t.c.vault_id == vault_id, belongs(_t, project_id))
    return _volumes(conn, *vault_backups.of_resources(project_id, vault_id, [resource_id]))


def _volumes(conn: Connection, *conditions: ColumnElement[bool]) -> list[str]:
    query = select(_t.c.resource_id).distinct().where(_t.c.resource_type == VOLUME, *conditions)
    return [str(one) for one in conn.execute(query.order_by(_t.c.resource_id)).scalars()]


def _disks(region: str) -> Select[Any]:
    """Select the backups of disks, each with its object in the region where there is one."""
    here = and_(_object.c.backup_id == _t.c.id, _object.c.region == region)
    made = func.coalesce(_object.c.is_incremental, false()).label("is_incremental")
    query = select(_t, _object.c.cinder_backup_id, made, _object.c.based_on)
    return query.select_from(_t.outerjoin(_object, here)).where(_t.c.resource_type == VOLUME)


def _is(project_id: str, backup_id: str, region: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _object.c.project_id == project_id,
        _object.c.backup_id == backup_id,
        _object.c.region == region,
    )


def _sum_up(conn: Connection, project_id: str, backup_id: str, now: datetime) -> None:
    """Keep what the backup counts for in its vault: many are added up at once, from an index of `backup` alone."""
    stored = select(func.coalesce(func.sum(_object.c.stored_mb), 0)).where(_object.c.backup_id == backup_id)
    backups.update(conn, project_id, backup_id, stored_mb=stored.scalar_subquery(), updated_at=now)


def _first(conn: Connection, query: Select[Any]) -> DiskBackup | None:
    row = conn.execute(query).mappings().first()
    return None if row is None else _disk(row)


def _all(conn: Connection, query: Select[Any]) -> list[DiskBackup]:
    return [_disk(row) for row in conn.execute(query).mappings()]


def _disk(row: RowMapping) -> DiskBackup:
    return DiskBackup(**row)
