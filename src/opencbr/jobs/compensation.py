"""The way back of a job that failed, was cancelled or lost its worker: the same for all three, by the ledger alone.

What is common to all jobs is here: removing what the job made upstream, and ending its operation log. How the rows it
changed are set straight is each job's own, in its folder.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.model import statuses
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import LEFT, OperationLog
from opencbr.store import ledger, operation_logs

Straighten = Callable[[JobContext, Connection, OperationLog], None]
"""Sets the rows straight that a job changed, in the transaction that ends its log; may be run again."""


def compensate(
    job: Job,
    ctx: JobContext,
    operation: OperationLog,
    end: StepFailed | Cancelled,
    straighten: Straighten,
    *,
    status: statuses.OperationStatus = statuses.FAILED,
) -> None:
    """Remove what the job made upstream, set its rows straight, and end its log, as failed unless `status` says otherwise.

    What cannot be removed stays in the ledger, where the janitor finds it; the message names it. The log ends last: a
    job whose log has ended is not taken up again.
    """
    left: list[str] = []
    broken: StepFailed | None = None
    try:
        left = job.step("compensate", lambda: remove_made(ctx, operation))
    except StepFailed as second:
        broken = second
    job.step(
        "fail", lambda: end_failed(ctx, operation, end, straighten, left=left, broken=broken, status=status)
    )


def remove_made(ctx: JobContext, operation: OperationLog) -> list[str]:
    """Remove what the ledger has for this job, waiting a minute at most: the resource is busy until the job has ended.

    Return what stays, in words; the janitor goes on with it. Raises Lost.
    """
    with ctx.database.read() as conn:
        entries = ledger.of_log(conn, operation.id)
    return remove_briefly(ctx, entries)


def end_failed(
    ctx: JobContext,
    operation: OperationLog,
    end: StepFailed | Cancelled,
    straighten: Straighten,
    *,
    left: Sequence[str],
    broken: StepFailed | None,
    status: statuses.OperationStatus = statuses.FAILED,
) -> None:
    """Write the end in one transaction; what is `left` in the cloud becomes the janitor's.

    `broken` is the step of the way back that failed: what it would have removed may be there or not.
    """
    now = ctx.clock.now()
    code, message = _describe(end)
    if left:
        message += "; still in the cloud: " + "; ".join(left)
    if broken is not None:
        message += f"; the way back was cut short: {broken}"

    def write(conn: Connection) -> None:
        straighten(ctx, conn, operation)
        details = details_at_end(conn, operation, left)
        operation_logs.finish(conn, operation.id, status, code, message, now=now, details=details)
        ledger.leave(conn, operation.id)

    ctx.database.transact(write)


def details_at_end(conn: Connection, operation: OperationLog, left: Sequence[str]) -> dict[str, Any]:
    """Give the details of a job that ends: as they stand in its row, and what is left in the cloud besides."""
    standing = operation_logs.get(conn, operation.project_id, operation.id) or operation
    told = [*standing.details.get(LEFT, ()), *left]
    return standing.details | ({LEFT: told} if told else {})


def _describe(end: StepFailed | Cancelled) -> tuple[str, str]:
    """Return code and sentence for the operation log.

    The catalogue has no code for a cancelled job; the sentence tells.
    """
    if isinstance(end, Cancelled):
        return UNEXPECTED, f"step {end.step}: cancelled by request"
    return end.code, str(end)
