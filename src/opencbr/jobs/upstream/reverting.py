"""Cinder takes volumes back to their newest snapshots."""

from collections.abc import Sequence

from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.limits import Words
from opencbr.jobs.upstream.overwriting import overwrite
from opencbr.model.errors import SNAPSHOT_STATUS
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import WRITES, Writing
from opencbr.model.way_back import DiskToRevert


def revert_disks(
    ctx: JobContext,
    operation: OperationLog,
    disks: Sequence[DiskToRevert],
    *,
    progress: tuple[int, int],
    writing: Writing = WRITES,
    root_id: str | None = None,
) -> None:
    """Have Cinder take the disks back to their snapshots, as `overwrite` does. Raises CloudError, JobError, Lost."""
    reverts = [_Revert(ctx, operation, disk) for disk in disks]
    overwrite(ctx, operation, reverts, step="revert", progress=progress, writing=writing, root_id=root_id)


class _Revert:
    """One disk, taken back to its snapshot."""

    def __init__(self, ctx: JobContext, operation: OperationLog, disk: DiskToRevert) -> None:
        self._project = ctx.cloud.project(operation.project_id)
        self._snapshot_id = disk.snapshot_id
        self.volume_id = disk.volume_id
        self.size_gb = disk.size_gb

    def busy(self) -> Words | None:
        """Wait for the snapshot: Cinder leaves the volume in `reverting` when it is asked for one that is not available."""
        snapshot = self._project.get_snapshot(self._snapshot_id)
        if snapshot.status.startswith(CINDER_ERROR):
            raise JobError(
                SNAPSHOT_STATUS,
                f"snapshot {snapshot.id} of volume {self.volume_id} is {snapshot.status} ({snapshot.request_id}): "
                "Cinder does not go back to it",
            )
        if snapshot.status == CINDER_AVAILABLE:
            return None
        return Words(f"waiting for its snapshot, {snapshot.status}", snapshot.request_id)

    def ask(self) -> None:
        """Ask for it."""
        self._project.revert_volume(self.volume_id, self._snapshot_id)

    def failure(self, status: str, times: int) -> str:
        """Say what is known: Cinder gives no reason."""
        return (
            f"taking volume {self.volume_id} back to snapshot {self._snapshot_id} ended in status {status} {times} "
            "times: Cinder gives no reason, the log of its volume service does"
        )
