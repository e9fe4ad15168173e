"""The end of an undoing that failed: the server is given back, and the way back is the restore's again."""

from datetime import timedelta

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.in_place.compensation import compensate_in_place
from opencbr.jobs.in_place.rows import free_targets
from opencbr.model.operation_log import OperationLog
from opencbr.model.way_back import undo_of
from opencbr.store import ledger


def compensate_undo(job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled) -> None:
    """Give the server and its disks back, and say how it ended; the snapshots stay."""
    compensate_in_place(job, ctx, operation, end, give_back_way, remove=list)


def give_back_way(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let servers and disks be restored again, and keep the way back for its full time once more: to be gone anew."""
    free_targets(conn, operation)
    until = ctx.clock.now() + timedelta(seconds=ctx.settings.way_back_seconds)
    ledger.hand_over(conn, operation.id, undo_of(operation.parameters).restore_id, kept_until=until)
