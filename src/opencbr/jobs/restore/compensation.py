"""The end of a restore that failed: what was written over can be had back."""

from opencbr.jobs.compensation import remove_made
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.in_place.compensation import compensate_in_place
from opencbr.jobs.parameters import standing
from opencbr.jobs.restore.rows import give_back_rows
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import has_begun


def compensate_restore(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Give the server and its disks back, remove the snapshots unless they are needed, and say how it ended."""
    compensate_in_place(job, ctx, operation, end, give_back_rows, remove=lambda: _remove(ctx, operation))


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    """Remove the snapshots when nothing was written over."""
    return [] if has_begun(standing(ctx, operation)) else remove_made(ctx, operation)
