"""What a Cinder backup has become: how much it stores, and on what it stands."""

from typing import Any

from opencbr.cloud.cloud import ProjectCloud, VolumeBackup
from opencbr.cloud.errors import NotFound
from opencbr.jobs.context import JobContext
from opencbr.model.backup import DiskBackup
from opencbr.model.stored_size import stored_mb
from opencbr.store import disk_backups


def note_made(ctx: JobContext, project: ProjectCloud, disk: DiskBackup, made: VolumeBackup) -> None:
    """Write down what the backup of a disk has become. Raises CloudError."""
    full_count = _full_object_count(ctx, project, disk) if made.is_incremental else None
    size = stored_mb(
        size_gb=made.size_gb,
        is_incremental=made.is_incremental,
        object_count=made.object_count,
        full_object_count=full_count,
    )
    changes: dict[str, Any] = {} if made.is_incremental else {"based_on": None}
    with ctx.database.write() as conn:
        disk_backups.note(
            conn,
            disk.project_id,
            disk.id,
            stored_mb=size,
            is_incremental=made.is_incremental,
            now=ctx.clock.now(),
            **changes,
        )


def _full_object_count(ctx: JobContext, project: ProjectCloud, disk: DiskBackup) -> int | None:
    """Return how many objects the full backup at the root of this chain has; None when it cannot be told."""
    with ctx.database.read() as conn:
        row = disk_backups.get(conn, disk.project_id, disk.id)
        while row is not None and row.based_on is not None:
            row = disk_backups.get(conn, row.project_id, row.based_on)
    if row is None or row.id == disk.id or row.cinder_backup_id is None:
        return None
    try:
        return project.get_backup(row.cinder_backup_id).object_count
    except NotFound:
        return None
