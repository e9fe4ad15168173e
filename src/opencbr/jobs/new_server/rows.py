"""The rows that a restore by a plan keeps busy: its backup, its plan, and a server that it attaches to."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.restored_backup import give_backups_back
from opencbr.model.operation_log import OperationLog
from opencbr.store import restore_plans, restore_targets


def give_back_rows(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let the backup be restored or deleted again, and the plan be applied again while it is kept."""
    give_backups_back(ctx, conn, operation)
    restore_targets.free(conn, operation.id)
    restore_plans.free(conn, operation.id)
