"""Cinder writes backups over volumes: each is asked for once, or once more where nobody knows what came of it."""

from collections.abc import Callable, Sequence
from functools import partial

from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.objects import Volume
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR, CINDER_IN_USE, CINDER_RESTORING
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.parameters import reach, standing
from opencbr.jobs.upstream.mover import is_mover_down
from opencbr.jobs.upstream.reconcile import Act, reconcile
from opencbr.model.errors import DISK_UNRESTORABLE, UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import ACCEPTED, BEGUN, RESTORED, DiskToRestore, stage_of
from opencbr.store import disk_backups, operation_logs

_ATTEMPTS = 3
"""Restores of one disk asked for in a row: cinder-backup may go away while it writes."""
_SECONDS_PER_GB = 60.0
"""So long Cinder may write a GiB before it is thought to stand still: nothing of it is to be seen."""


def write_backups(
    ctx: JobContext,
    operation: OperationLog,
    disks: Sequence[DiskToRestore],
    *,
    progress: tuple[int, int],
    root_id: str | None = None,
    heed: Callable[[], None] = lambda: None,
) -> None:
    """Have Cinder write the backups over their disks, all at once.

    `progress` is told in percent, from when Cinder begins to write until it has ended, by the GiB of the disks that are done;
    `root_id` is a disk that stays on its server; what `heed` raises ends the wait. Raises CloudError, JobError, Lost.
    """
    begin, end = progress
    sizes = {name_of(disk.volume_id): disk.size_gb for disk in disks}
    whole = sum(sizes.values()) or 1

    def tell(unfinished: Sequence[str]) -> None:
        heed()
        done = whole - sum(sizes[one] for one in unfinished)
        with ctx.database.write() as conn:
            now = ctx.clock.now()
            operation_logs.advance(
                conn, operation.id, begin + (end - begin) * done // whole, "restore", now=now
            )

    reconcile(
        ctx,
        operation,
        {
            name_of(disk.volume_id): _Writing(ctx, operation, disk, is_root=disk.volume_id == root_id)
            for disk in disks
        },
        copying_seconds=copying_seconds(disks),
        is_excused=lambda: is_mover_down(ctx),
        told=tell,
    )


def copying_seconds(disks: Sequence[DiskToRestore]) -> float:
    """Say how long Cinder may write over these disks before it is thought to stand still."""
    return max((disk.size_gb for disk in disks), default=0) * _SECONDS_PER_GB


def name_of(volume_id: str) -> str:
    """Say what a volume is called where a job tells what it waits for."""
    return f"volume {volume_id}"


class _Writing:
    """Has Cinder write one backup over its disk. How far it is stands in the job's parameters, before it is so."""

    def __init__(
        self, ctx: JobContext, operation: OperationLog, disk: DiskToRestore, *, is_root: bool
    ) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project = ctx.cloud.project(operation.project_id)
        self._disk = disk
        self._is_root = is_root
        self._attempts = 0

    def __call__(self) -> Act | Volume | None:
        """Look at the disk, and say what it needs."""
        stage = stage_of(standing(self._ctx, self._operation), self._disk.volume_id)
        if stage == RESTORED:
            return None
        volume = self._project.get_volume(self._disk.volume_id)
        if volume.status == CINDER_RESTORING:
            return volume
        if volume.status.startswith(CINDER_ERROR):
            return self._again(volume.status)
        if stage == ACCEPTED:
            # Whoever has attached it meanwhile could do so only after its end.
            reach(self._ctx, self._operation, self._disk.volume_id, RESTORED)
            return None
        if volume.status == CINDER_AVAILABLE:
            return self._ask
        if self._is_root and volume.status == CINDER_IN_USE:
            return partial(self._ctx.cloud.set_volume_status, self._disk.volume_id, CINDER_AVAILABLE)
        raise JobError(
            DISK_UNRESTORABLE,
            f"volume {self._disk.volume_id} is {volume.status} ({volume.request_id}) and cannot be written over",
        )

    def _ask(self) -> None:
        volume_id = self._disk.volume_id
        before = stage_of(standing(self._ctx, self._operation), volume_id)
        reach(self._ctx, self._operation, volume_id, BEGUN)
        try:
            self._project.restore_backup(self._cinder_backup_id(), volume_id)
        except (Denied, NotFound, Refused):
            reach(self._ctx, self._operation, volume_id, before)
            raise
        reach(self._ctx, self._operation, volume_id, ACCEPTED)

    def _again(self, status: str) -> Act:
        self._attempts += 1
        if self._attempts >= _ATTEMPTS:
            raise JobError(UNEXPECTED, self._failure(status))
        return self._take_back

    def _take_back(self) -> None:
        # The stage goes back first: a volume that is available after ACCEPTED would be taken for restored.
        reach(self._ctx, self._operation, self._disk.volume_id, BEGUN)
        self._ctx.cloud.set_volume_status(self._disk.volume_id, CINDER_AVAILABLE)

    def _failure(self, status: str) -> str:
        backup = self._project.get_backup(self._cinder_backup_id())
        asked = f" ({backup.request_id})" if backup.request_id else ""
        return (
            f"Cinder's restore of backup {backup.id} over volume {self._disk.volume_id} ended in status {status}"
            f"{asked} {self._attempts} times: {backup.fail_reason or 'no reason given'}"
        )

    def _cinder_backup_id(self) -> str:
        with self._ctx.database.read() as conn:
            row = disk_backups.get(conn, self._operation.project_id, self._disk.backup_id)
        assert row is not None, "a backup that is being restored is not deleted"
        assert row.cinder_backup_id is not None, "a finished backup has its object"
        return row.cinder_backup_id
