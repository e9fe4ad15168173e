"""The backup that a restore reads from: busy while it lasts, and as good afterwards as before, however it ends."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import top_row
from opencbr.jobs.failures import JobError
from opencbr.model import statuses
from opencbr.model.errors import BACKUP_UNRESTORABLE
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, operation_logs


def take_backup(ctx: JobContext, operation: OperationLog) -> None:
    """Begin the operation, and mark its backup as being restored; may be repeated.

    Raises JobError 6200 when the backup is gone, 2005 for its status.
    """
    with ctx.database.write() as conn:
        now = ctx.clock.now()
        operation_logs.begin(conn, operation.id, now=now)
        top = top_row(conn, operation.project_id, operation.backup_id or "")
        if top.status != statuses.RESTORING and not backups.move_family(
            conn, operation.project_id, top.id, to=statuses.RESTORING, updated_at=now
        ):
            raise JobError(BACKUP_UNRESTORABLE, f"backup {top.id} is {top.status} and cannot be restored now")


def give_backup_back(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let it be restored or deleted again: it is as good after a restore that failed as before it (contract 4.3)."""
    backups.move_family(
        conn,
        operation.project_id,
        operation.backup_id or "",
        to=statuses.AVAILABLE,
        updated_at=ctx.clock.now(),
    )
