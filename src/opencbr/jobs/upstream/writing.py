"""Cinder writes backups over volumes."""

from collections.abc import Callable, Sequence

from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.mover import is_mover_down
from opencbr.jobs.upstream.overwriting import overwrite
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import WRITES, DiskToRestore, Writing
from opencbr.store import disk_backups


def write_backups(
    ctx: JobContext,
    operation: OperationLog,
    disks: Sequence[DiskToRestore],
    *,
    progress: tuple[int, int],
    step: str = "restore",
    writing: Writing = WRITES,
    root_id: str | None = None,
    heed: Callable[[], None] = lambda: None,
) -> None:
    """Have Cinder write the backups over their disks, as `overwrite` does. Raises CloudError, JobError, Lost."""
    overwrite(
        ctx,
        operation,
        [_BackupWrite(ctx, operation, disk) for disk in disks],
        step=step,
        progress=progress,
        writing=writing,
        root_id=root_id,
        heed=heed,
        is_excused=lambda: is_mover_down(ctx),
    )


class _BackupWrite:
    """One backup, written over its disk."""

    def __init__(self, ctx: JobContext, operation: OperationLog, disk: DiskToRestore) -> None:
        self._ctx = ctx
        self._project = ctx.cloud.project(operation.project_id)
        self._backup_id = disk.backup_id
        self.volume_id = disk.volume_id
        self.size_gb = disk.size_gb

    def busy(self) -> None:
        """Nothing: a backup that is being restored is nobody else's."""

    def ask(self) -> None:
        """Ask for Cinder's restore."""
        self._project.restore_backup(self._cinder_backup_id(), self.volume_id)

    def failure(self, status: str, times: int) -> str:
        """Say what Cinder says of the backup."""
        backup = self._project.get_backup(self._cinder_backup_id())
        asked = f" ({backup.request_id})" if backup.request_id else ""
        return (
            f"Cinder's restore of backup {backup.id} over volume {self.volume_id} ended in status {status}"
            f"{asked} {times} times: {backup.fail_reason or 'no reason given'}"
        )

    def _cinder_backup_id(self) -> str:
        with self._ctx.database.read() as conn:
            row = disk_backups.get(conn, self._project.project_id, self._backup_id)
        assert row is not None, "a backup that is being restored is not deleted"
        assert row.cinder_backup_id is not None, "a finished backup has its object"
        return row.cinder_backup_id
