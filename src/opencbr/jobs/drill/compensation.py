"""The end of a drill that failed, was skipped or cancelled: what it has made is removed, and its verdict is kept."""

from sqlalchemy import Connection

from opencbr.jobs.compensation import compensate
from opencbr.jobs.context import JobContext
from opencbr.jobs.drill.rows import give_back_rows
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.model import statuses
from opencbr.model.drill import CANCELLED, FAILED, SKIPPED
from opencbr.model.errors import QUOTA_USED_UP
from opencbr.model.extend_info import RESTORE_TESTED
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, drills

_PROVING = ("look", "checks")
"""Steps that fail for what was restored; in the others it may be the cloud, and an earlier drill still counts."""


def compensate_drill(job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled) -> None:
    """Remove what was made, and say how it ended: a quota that is used up says nothing of the backup."""
    verdict, reason = _judge(end)

    def straighten(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
        give_back_rows(ctx, conn, operation)
        now = ctx.clock.now()
        drills.end(conn, operation.id, verdict, reason, now=now)
        if verdict == FAILED and end.step in _PROVING:
            backups.set_info(
                conn, operation.project_id, operation.backup_id or "", RESTORE_TESTED, None, updated_at=now
            )

    compensate(
        job,
        ctx,
        operation,
        end,
        straighten,
        status=statuses.SKIPPED if verdict == SKIPPED else statuses.FAILED,
    )


def _judge(end: StepFailed | Cancelled) -> tuple[str, str]:
    if isinstance(end, Cancelled):
        return CANCELLED, f"cancelled by request in step {end.step}"
    return (SKIPPED if end.code == QUOTA_USED_UP else FAILED), end.message
