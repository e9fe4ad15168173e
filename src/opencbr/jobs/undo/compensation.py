"""The end of an undoing that failed: the server is given back, and the way back is the restore's again."""

from datetime import timedelta

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.in_place.compensation import compensate_in_place
from opencbr.jobs.in_place.rows import free_targets
from opencbr.jobs.upstream.root_copies import remove_copies
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import rebuilt_root_of
from opencbr.model.times import wire_time
from opencbr.model.way_back import KEPT_UNTIL, WAY_BACK, undo_of
from opencbr.store import ledger, operation_logs


def compensate_undo(job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled) -> None:
    """Give the server and its disks back, and say how it ended; the snapshots stay."""
    compensate_in_place(job, ctx, operation, end, give_back_way, remove=lambda: _remove(ctx, operation))


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    root_id = rebuilt_root_of(operation.parameters)
    return remove_copies(ctx, operation, root_id) if root_id else []


def give_back_way(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let servers and disks be restored again, and keep the way back for its full time once more: to be gone anew."""
    free_targets(conn, operation)
    now, restore_id = ctx.clock.now(), undo_of(operation.parameters).restore_id
    until = now + timedelta(seconds=ctx.settings.way_back_seconds)
    ledger.hand_over(conn, operation.id, restore_id, kept_until=until)
    restore = operation_logs.get(conn, operation.project_id, restore_id, lock=True)
    if restore is not None:
        operation_logs.amend(conn, restore, {WAY_BACK: {KEPT_UNTIL: wire_time(until)}}, now=now)
