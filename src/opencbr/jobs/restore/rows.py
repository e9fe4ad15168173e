"""The rows that a restore keeps busy: its backup, and what it writes over."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.in_place.rows import free_targets
from opencbr.jobs.restore.way_back import keep
from opencbr.jobs.restored_backup import give_backups_back
from opencbr.model.operation_log import OperationLog
from opencbr.store import restore_plans


def give_back_rows(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let the backup be restored or deleted again, and the servers and disks be backed up; the way back is kept."""
    give_backups_back(ctx, conn, operation)
    free_targets(conn, operation)
    restore_plans.free(conn, operation.id)
    keep(ctx, conn, operation)
