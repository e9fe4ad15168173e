"""The rows that stand for one disk each: children of a server backup, or a disk backup itself."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from opencbr.jobs.failures import JobError
from opencbr.model import statuses
from opencbr.model.backup import Backup, DiskBackup
from opencbr.model.document import Disk, Reading
from opencbr.model.errors import NO_DISK_TO_BACK_UP, NO_SUCH_BACKUP
from opencbr.model.extend_info import disk_info, server_info
from opencbr.model.ids import derived_id
from opencbr.model.vault import SERVER, VOLUME
from opencbr.store import backups, disk_backups


def top_row(conn: Connection, project_id: str, backup_id: str) -> Backup:
    """Return the backup a job is about, held or not. Raises JobError 6200 when it is gone."""
    backup = backups.get(conn, project_id, backup_id, held=True)
    if backup is None:
        raise JobError(NO_SUCH_BACKUP, f"backup {backup_id} does not exist any more")
    return backup


def disk_rows(conn: Connection, top: Backup) -> list[DiskBackup]:
    """Return the rows of the disks of `top` in their order; a disk backup is its own."""
    return disk_backups.of_backup(conn, top.project_id, top.id)


def enter_reading(
    conn: Connection, top: Backup, reading: Reading, now: datetime, *, root_image: bool = False
) -> None:
    """Write what the first reading says: the parent's size and kind, one row for each disk.

    The children's ids follow from the volumes', so that doing it again changes nothing. Raises JobError
    7108 without a disk, unless an image is made of the root disk.
    """
    if not reading.disks and not root_image:
        raise JobError(
            NO_DISK_TO_BACK_UP,
            f"{reading.resource_name or reading.resource_id} has no volume that could be backed up",
        )
    size = sum(disk.size_gb for disk in reading.disks)
    if top.resource_type != SERVER:
        disk = reading.disks[0]
        backups.update(
            conn,
            top.project_id,
            top.id,
            resource_size=size,
            updated_at=now,
            resource_az=reading.availability_zone,
            extend_info=disk_info(top, disk, child=False),
        )
        return
    backups.update(
        conn,
        top.project_id,
        top.id,
        resource_size=size,
        updated_at=now,
        resource_az=reading.availability_zone,
        extend_info=server_info(top, reading.disks),
    )
    there = {row.id for row in disk_rows(conn, top)}
    for disk in reading.disks:
        child = child_of(top, disk)
        if child.id not in there:
            backups.insert(conn, child)


def child_of(top: Backup, disk: Disk) -> Backup:
    """Return the row of one disk of a server backup (contract 3.3, third column of the table; names: 5.5)."""
    name = disk.name or disk.volume_id
    return replace(
        top,
        id=derived_id(top.id, disk.volume_id),
        parent_id=top.id,
        position=disk.position,
        name=f"{top.name}_{name}"[:255],
        resource_id=disk.volume_id,
        resource_name=name[:255],
        resource_type=VOLUME,
        resource_size=disk.size_gb,
        resource_az=None,
        status=statuses.PROTECTING,
        pinned_at=None,
        extend_info=disk_info(top, disk, child=True),
    )
