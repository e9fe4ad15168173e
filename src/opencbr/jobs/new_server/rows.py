"""The rows that a restore as a new server keeps busy: its backup and its plan."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.model import statuses
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, restore_plans


def give_back_rows(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let the backup be restored or deleted again, and the plan be applied again while it is kept."""
    backups.move_family(
        conn,
        operation.project_id,
        operation.backup_id or "",
        to=statuses.AVAILABLE,
        updated_at=ctx.clock.now(),
    )
    restore_plans.free(conn, operation.id)
