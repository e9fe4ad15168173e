"""The rows that a restore keeps busy: its backup, and what it writes over."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.in_place.rows import free_targets
from opencbr.jobs.restore.way_back import keep
from opencbr.model import statuses
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, restore_plans


def give_back_rows(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let the backup be restored or deleted again, and the servers and disks be backed up; the way back is kept.

    A backup is as good after a restore that failed as before it (contract 4.3).
    """
    backups.move_family(
        conn,
        operation.project_id,
        operation.backup_id or "",
        to=statuses.AVAILABLE,
        updated_at=ctx.clock.now(),
    )
    free_targets(conn, operation)
    restore_plans.free(conn, operation.id)
    keep(ctx, conn, operation)
