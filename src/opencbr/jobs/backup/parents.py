"""Which backup an incremental is built on: the newest of its volume, if that one stands."""

from sqlalchemy import Connection

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import NotFound
from opencbr.jobs.context import JobContext
from opencbr.model.backup import Backup
from opencbr.store import backups

_STANDING = frozenset({"available", "waiting_restore", "restoring"})
"""Statuses of a finished backup that nobody is deleting."""


def choose_parent(ctx: JobContext, project: ProjectCloud, disk: Backup) -> str | None:
    """Return our id of the backup to build on, None for a full one, and note it: from then on the parent is needed.

    A parent must be the newest of its volume, whichever vault that is in: Cinder builds on the newest it
    has. It must be available in our table and in Cinder, and its chain shorter than `full_backup_interval`.
    Raises CloudError.
    """
    if not disk.incremental:
        return None
    with ctx.database.read() as conn:
        parent = backups.latest_disk(conn, disk.project_id, disk.resource_id)
        if parent is None or parent.id == disk.id or parent.cinder_backup_id is None:
            return None
        if backups.chain_length(conn, disk.project_id, parent.id) >= ctx.settings.full_backup_interval:
            return None
    try:
        if project.get_backup(parent.cinder_backup_id).status != "available":
            return None
    except NotFound:
        return None
    return parent.id if note_parent(ctx, disk, parent.id) else None


def note_parent(ctx: JobContext, disk: Backup, parent_id: str | None) -> bool:
    """Write down which backup this one needs, unless it is being deleted; return whether it was."""
    with ctx.database.write() as conn:
        if parent_id is not None and not _stands(conn, disk.project_id, parent_id):
            return False
        backups.update(
            conn,
            disk.project_id,
            disk.id,
            based_on=parent_id,
            is_incremental=parent_id is not None,
            updated_at=ctx.clock.now(),
        )
    return True


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
        return backups.has_dependents(conn, project_id, disk_id)
    return top.status in _STANDING
