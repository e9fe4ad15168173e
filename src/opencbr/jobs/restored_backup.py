"""The backups that a restore reads from: busy while it lasts, and as good afterwards as before, however it ends."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import top_row
from opencbr.jobs.failures import JobError
from opencbr.model import statuses
from opencbr.model.errors import BACKUP_UNRESTORABLE
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, operation_logs

BACKUPS = "backup_ids"
"""Key in the parameters of the restore of a checkpoint: the backups that it restores."""


def backups_of(operation: OperationLog) -> list[str]:
    """Name the backups that an operation restores: its own, or those of a checkpoint."""
    return operation.parameters.get(BACKUPS) or [operation.backup_id or ""]


def take_backups(ctx: JobContext, operation: OperationLog) -> None:
    """Begin the operation, and mark its backups as being restored; may be repeated.

    Raises JobError 6200 when one is gone, 2005 for its status.
    """
    with ctx.database.write() as conn:
        now = ctx.clock.now()
        operation_logs.begin(conn, operation.id, now=now)
        for backup_id in backups_of(operation):
            top = top_row(conn, operation.project_id, backup_id)
            if top.status != statuses.RESTORING and not backups.move_family(
                conn, operation.project_id, top.id, to=statuses.RESTORING, updated_at=now
            ):
                raise JobError(
                    BACKUP_UNRESTORABLE, f"backup {top.id} is {top.status} and cannot be restored now"
                )


def give_backups_back(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let them be restored or deleted again: as good after a restore that failed as before it (contract 4.3)."""
    now = ctx.clock.now()
    for backup_id in backups_of(operation):
        backups.move_family(conn, operation.project_id, backup_id, to=statuses.AVAILABLE, updated_at=now)
