"""Waiting for volumes that were asked for."""

from collections.abc import Sequence

from opencbr.cloud.objects import Volume
from opencbr.cloud.statuses import CINDER_ERROR
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.polling import Awaited, wait
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog


def await_volumes(ctx: JobContext, operation: OperationLog, volume_ids: Sequence[str]) -> None:
    """Wait until all stand. Raises Cancelled; CloudError; JobError 9910 when one ends in an error."""
    project = ctx.cloud.project(operation.project_id)

    def look(volume_id: str) -> Volume | None:
        volume = project.get_volume(volume_id)
        if volume.status.startswith(CINDER_ERROR):
            raise JobError(
                UNEXPECTED, f"volume {volume_id} ended in status {volume.status} ({volume.request_id})"
            )
        return None if volume.status != "creating" else volume

    wait(ctx, operation, [Awaited(one, "volume", one) for one in volume_ids], look)
