"""The delete job: one backup of the user's, with its disks."""

from opencbr.jobs.backup_chains import erase, settle
from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.removal import hurried
from opencbr.model import statuses
from opencbr.model.errors import BACKUP_UNDELETABLE
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, disk_backups, operation_logs


def run_delete(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Delete the backup that `operation` names. One that is gone already is what was asked for.

    When the cloud will not, the backup is in `error` and can be deleted again.
    """
    assert operation.backup_id is not None, "an operation to delete names its backup"
    backup_id = operation.backup_id
    volume_ids = job.step("begin", lambda: _begin(ctx, operation, backup_id))
    job.step("delete", lambda: erase_or_fail(ctx, operation.project_id, backup_id))
    left = job.step("settle", lambda: settle(hurried(ctx), operation.project_id, volume_ids))
    job.step("close", lambda: _close(ctx, operation, left))


def start_deleting(ctx: JobContext, project_id: str, backup_id: str) -> bool:
    """Set a backup and its disks `deleting`; False when it is gone: another job was faster.

    Raises JobError 6201 when its status forbids that.
    """
    with ctx.database.write() as conn:
        top = backups.get(conn, project_id, backup_id, lock=True)
        if top is None:
            return False
        if top.status != statuses.DELETING and not backups.move_family(
            conn, project_id, backup_id, to=statuses.DELETING, updated_at=ctx.clock.now()
        ):
            raise JobError(
                BACKUP_UNDELETABLE, f"backup {backup_id} is {top.status} and cannot be deleted now"
            )
    return True


def erase_or_fail(ctx: JobContext, project_id: str, backup_id: str, log_id: str | None = None) -> None:
    """Delete along the chain. Raises JobError 4004 naming what the cloud would not remove, and as `erase` does."""
    left = erase(ctx, project_id, backup_id, log_id)
    if left:
        raise JobError("4004", "the cloud did not remove " + "; ".join(left))


def _begin(ctx: JobContext, operation: OperationLog, backup_id: str) -> list[str]:
    """Begin, and name the volumes to settle at the end: by then the rows that tell are gone."""
    with ctx.database.write() as conn:
        operation_logs.begin(conn, operation.id, now=ctx.clock.now())
        volume_ids = disk_backups.volumes_of(conn, operation.project_id, backup_id)
    start_deleting(ctx, operation.project_id, backup_id)
    return volume_ids


def _close(ctx: JobContext, operation: OperationLog, left: list[str]) -> None:
    with ctx.database.write() as conn:
        details = details_at_end(conn, operation, left)
        operation_logs.finish(conn, operation.id, statuses.SUCCESS, now=ctx.clock.now(), details=details)
