"""The delete job: one backup of the user's, with its disks."""

from opencbr.jobs.backup_chains import erase, settle
from opencbr.jobs.compensation import describe
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.failures import JobError
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, ledger, operation_logs


def run_delete(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Delete the backup that `operation` names. One that is gone already is what was asked for.

    When the cloud will not, the backup is in `error` and can be deleted again.
    """
    assert operation.backup_id is not None, "an operation to delete names its backup"
    backup_id = operation.backup_id
    try:
        volume_ids = job.step("begin", lambda: _begin(ctx, operation, backup_id))
        job.step("delete", lambda: erase_or_fail(ctx, operation.project_id, backup_id))
        left = job.step("settle", lambda: settle(ctx, operation.project_id, volume_ids))
        job.step("close", lambda: _close(ctx, operation, left))
    except (StepFailed, Cancelled) as end:
        compensate_delete(job, ctx, operation, end)


def compensate_delete(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """End a deletion that failed: the backup can be deleted again."""
    code, message = describe(end)
    job.step("fail", lambda: _fail(ctx, operation, operation.backup_id or "", code, message))


def start_deleting(ctx: JobContext, project_id: str, backup_id: str) -> bool:
    """Set a backup and its disks `deleting`; False when it is gone: another job was faster.

    Raises JobError 6201 when its status forbids that.
    """
    with ctx.database.write() as conn:
        top = backups.get(conn, project_id, backup_id, lock=True)
        if top is None:
            return False
        if top.status != "deleting" and not backups.move_family(
            conn, project_id, backup_id, to="deleting", updated_at=ctx.clock.now()
        ):
            raise JobError("6201", f"backup {backup_id} is {top.status} and cannot be deleted now")
    return True


def erase_or_fail(ctx: JobContext, project_id: str, backup_id: str) -> None:
    """Delete along the chain. Raises JobError 4004 naming what the cloud would not remove."""
    left = erase(ctx, project_id, backup_id)
    if left:
        raise JobError("4004", "the cloud did not remove " + "; ".join(left))


def give_up_deleting(ctx: JobContext, project_id: str, backup_id: str) -> None:
    """Set a backup whose deletion failed to `error` with its disks, so that the user can ask again."""
    now = ctx.clock.now()
    with ctx.database.write() as conn:
        top = backups.get(conn, project_id, backup_id, lock=True)
        if top is None or top.status not in ("waiting_delete", "deleting"):
            return
        backups.move_family(conn, project_id, backup_id, to="error", updated_at=now)
        for disk_id in (top.id, *(disk.id for disk in backups.children(conn, project_id, [top.id])[top.id])):
            if not ledger.of_backup(conn, disk_id):
                backups.update(conn, project_id, disk_id, **backups.WITHOUT_OBJECT, updated_at=now)


def _begin(ctx: JobContext, operation: OperationLog, backup_id: str) -> list[str]:
    """Begin, and name the volumes to settle at the end: by then the rows that tell are gone."""
    with ctx.database.write() as conn:
        operation_logs.begin(conn, operation.id, now=ctx.clock.now())
        volume_ids = backups.volumes_of(conn, operation.project_id, backup_id)
    start_deleting(ctx, operation.project_id, backup_id)
    return volume_ids


def _close(ctx: JobContext, operation: OperationLog, left: list[str]) -> None:
    details = operation.details_at_end(left)
    with ctx.database.write() as conn:
        operation_logs.finish(conn, operation.id, "success", now=ctx.clock.now(), details=details)


def _fail(ctx: JobContext, operation: OperationLog, backup_id: str, code: str, message: str) -> None:
    give_up_deleting(ctx, operation.project_id, backup_id)
    with ctx.database.write() as conn:
        operation_logs.finish(conn, operation.id, "failed", code, message, now=ctx.clock.now())
