"""Waiting for snapshots that were asked for."""

from collections.abc import Sequence

from opencbr.cloud.objects import Snapshot
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.polling import Awaited, wait
from opencbr.model.errors import SNAPSHOT_STATUS
from opencbr.model.operation_log import OperationLog


def await_snapshots(ctx: JobContext, operation: OperationLog, snapshot_ids: Sequence[str]) -> None:
    """Wait until all are available. Raises Cancelled; CloudError; JobError 7203 when one ends in an error."""
    project = ctx.cloud.project(operation.project_id)

    def look(snapshot_id: str) -> Snapshot | None:
        snapshot = project.get_snapshot(snapshot_id)
        if snapshot.status.startswith(CINDER_ERROR):
            raise JobError(
                SNAPSHOT_STATUS,
                f"snapshot {snapshot.id} of volume {snapshot.volume_id} ended in status {snapshot.status}"
                f" ({snapshot.request_id})",
            )
        return None if snapshot.status == CINDER_AVAILABLE else snapshot

    wait(ctx, operation, [Awaited(one, "snapshot", one) for one in snapshot_ids], look)
