"""Which backup an incremental is built on: the newest of its volume, if that one stands and is as large."""

import logging

from sqlalchemy import Connection

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.statuses import CINDER_AVAILABLE
from opencbr.jobs.context import JobContext
from opencbr.model import statuses
from opencbr.model.backup import DiskBackup
from opencbr.model.operation_log import FULL_INSTEAD, FULL_INTERVAL, OperationLog
from opencbr.store import backups, disk_backups, operation_logs

log = logging.getLogger(__name__)

_STANDING = frozenset({statuses.AVAILABLE, statuses.WAITING_RESTORE, statuses.RESTORING})
"""Statuses of a finished backup that nobody is deleting."""


def choose_parent(
    ctx: JobContext, operation: OperationLog, project: ProjectCloud, disk: DiskBackup
) -> str | None:
    """Return our id of the backup to build on, None for a full one, and note it: from then on the parent is needed.

    A parent must be the newest of its volume, whichever vault that is in: Cinder builds on the newest it
    has. It must be available in our table and in Cinder, and its chain shorter than `full_backup_interval`, the policy's
    where it has one, else the worker's; with -1 or 0 any chain is short enough (contract 3.7).
    Raises CloudError.
    """
    if not disk.incremental or was_refused(ctx, operation, disk):
        return None
    with ctx.database.read() as conn:
        parent = disk_backups.latest(conn, disk.project_id, disk.resource_id)
        if parent is None or parent.id == disk.id or parent.cinder_backup_id is None:
            return None
        longest = operation.parameters.get(FULL_INTERVAL, ctx.settings.full_backup_interval)
        if longest > 0 and disk_backups.chain_length(conn, disk.project_id, parent.id) >= longest:
            return None
    obstacle = _obstacle(project, disk, parent)
    if obstacle is None and note_parent(ctx, disk, parent.id):
        return parent.id
    make_full(
        ctx, operation, disk, obstacle or f"backup {parent.id}, the last of this volume, does not stand"
    )
    return None


def _obstacle(project: ProjectCloud, disk: DiskBackup, parent: DiskBackup) -> str | None:
    """Say why Cinder could build no incremental on `parent`, None when it could.

    Cinder takes the available backup of the volume whose data are the newest, a tenant's own among them (its
    `backup/api.py`, `create`; that one's snapshot would have to be newer than ours to be passed over), and compares the
    two sizes when it has accepted the request already (`backup/chunkeddriver.py`, `backup`).
    """
    there = [one for one in project.backups_of(disk.resource_id) if one.status == CINDER_AVAILABLE]
    if all(one.id != parent.cinder_backup_id for one in there):
        return (
            f"the last backup of this volume, {parent.cinder_backup_id}, is not available in Cinder any more"
        )
    next_parent = max(there, key=lambda one: one.taken_at)
    if next_parent.size_gb != disk.resource_size:
        return (
            f"the volume has {disk.resource_size} GiB now, and {next_parent.size_gb} GiB in its last backup, "
            f"{next_parent.id}"
        )
    return None


def was_refused(ctx: JobContext, operation: OperationLog, disk: DiskBackup) -> bool:
    """Say whether this operation has found out that no incremental of the disk can be made."""
    with ctx.database.read() as conn:
        standing = operation_logs.get(conn, operation.project_id, operation.id) or operation
    return disk.resource_id in standing.details.get(FULL_INSTEAD, {})


def make_full(ctx: JobContext, operation: OperationLog, disk: DiskBackup, reason: str) -> None:
    """Write down that a full backup of the disk is to be made, and why: it needs no other, and the owner is told."""
    sentence = f"a full backup is made instead of an incremental one: {reason}"
    log.warning("job %s, volume %s: %s", operation.id, disk.resource_id, sentence)

    def write(conn: Connection) -> None:
        standing = operation_logs.get(conn, operation.project_id, operation.id, lock=True) or operation
        told = standing.details.get(FULL_INSTEAD, {}) | {disk.resource_id: sentence}
        operation_logs.tell(conn, operation, {FULL_INSTEAD: told}, now=ctx.clock.now())
        _note(ctx, conn, disk, None)

    ctx.database.transact(write)


def note_parent(ctx: JobContext, disk: DiskBackup, parent_id: str) -> bool:
    """Write down which backup this one needs, unless it is being deleted; return whether it was."""
    with ctx.database.write() as conn:
        if not _stands(conn, disk.project_id, parent_id):
            return False
        _note(ctx, conn, disk, parent_id)
    return True


def _note(ctx: JobContext, conn: Connection, disk: DiskBackup, parent_id: str | None) -> None:
    disk_backups.note(
        conn,
        disk.project_id,
        disk.id,
        based_on=parent_id,
        is_incremental=parent_id is not None,
        now=ctx.clock.now(),
    )


def _stands(conn: Connection, project_id: str, disk_id: str) -> bool:
    """Say whether a disk backup may be built upon: nobody is deleting it, or others hold it anyway.

    A held one that nothing needs any more is on its way out. The row that a deletion locks first is locked,
    so that of the two one sees the other.
    """
    disk = backups.get(conn, project_id, disk_id, held=True)
    if disk is None:
        return False
    top = backups.get(conn, project_id, disk.parent_id or disk.id, held=True, lock=True)
    if top is None:
        return False
    if top.held_at is not None:
        return disk_backups.has_dependents(conn, project_id, disk_id)
    return top.status in _STANDING
