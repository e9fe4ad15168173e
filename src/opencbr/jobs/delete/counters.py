"""The counts that a removal tells of, under the names of both families of clients (trap T19)."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.model.operation_log import OperationLog
from opencbr.store import operation_logs


def tell_counts(
    ctx: JobContext, conn: Connection, operation: OperationLog, *, failed: int, total: int | None = None
) -> None:
    """Write how many backups could not be deleted, and of how many in all; without `total` that stays."""
    counts = {"fail_count": failed, "fail_delete_count": failed}
    if total is not None:
        counts |= {"total_count": total, "total_delete_count": total}
    operation_logs.tell(conn, operation, counts, now=ctx.clock.now())


def at_least_one_failed(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let no failed removal count zero failures: what failed may have been a step that deletes no backup."""
    standing = operation_logs.get(conn, operation.project_id, operation.id) or operation
    failed = int(standing.details.get("fail_count") or 0)
    tell_counts(ctx, conn, operation, failed=max(failed, 1))
