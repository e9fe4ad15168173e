"""The end of a restore that failed or was cancelled.

After a failure what was written over can be had back. Cancelled means undone: the disks are taken back before all is given
back as it was.
"""

from opencbr.jobs.compensation import remove_made
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.in_place.compensation import compensate_in_place
from opencbr.jobs.notes import note
from opencbr.jobs.parameters import standing
from opencbr.jobs.restore import way_back
from opencbr.jobs.restore.rows import give_back_rows
from opencbr.jobs.upstream.root_copies import remove_copies
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import has_begun, rebuilt_root_of


def compensate_restore(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Give the server and its disks back, remove the snapshots unless they are needed, and say how it ended."""
    if isinstance(end, Cancelled):
        try:
            job.step("revert", lambda: way_back.go(ctx, operation))
        except StepFailed as second:
            sentence = f"not every disk could be taken back: {second}"
            job.step("tell", lambda: note(ctx, operation, sentence))
    compensate_in_place(job, ctx, operation, end, give_back_rows, remove=lambda: _remove(ctx, operation))


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    """Remove the snapshots when nothing was written over, or all holds again what it held; copies are removed always."""
    if not has_begun(standing(ctx, operation)):
        return remove_made(ctx, operation)
    root_id = rebuilt_root_of(operation.parameters)
    return remove_copies(ctx, operation, root_id) if root_id else []
