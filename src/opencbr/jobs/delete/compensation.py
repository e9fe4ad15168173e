"""The way back of the jobs that delete: they make nothing upstream, and what could not go can be deleted again."""

from sqlalchemy import Connection

from opencbr.jobs.compensation import compensate
from opencbr.jobs.context import JobContext
from opencbr.jobs.delete.counters import at_least_one_failed
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, ledger, resources, vaults


def compensate_delete(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Set the backup to `error`, and say why."""
    compensate(job, ctx, operation, end, give_back_backup)


def compensate_remove_resource(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Let the resource stay in its vault, and say why."""
    compensate(job, ctx, operation, end, give_back_resource)


def compensate_vault_delete(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Set the vault to `error`, and say why."""
    compensate(job, ctx, operation, end, give_back_vault)


def give_up_deleting(ctx: JobContext, project_id: str, backup_id: str) -> None:
    """Set a backup whose deletion failed to `error` with its disks, so that the user can ask again."""
    with ctx.database.write() as conn:
        _give_up_deleting(ctx, conn, project_id, backup_id)


def give_back_backup(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Set the backup to `error`: it can be deleted again."""
    _give_up_deleting(ctx, conn, operation.project_id, operation.backup_id or "")


def give_back_resource(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let the resource be protected and removed again."""
    resource_id = operation.resource_id or ""
    resources.set_status(conn, operation.project_id, resource_id, "available", only_from={"removing"})
    at_least_one_failed(ctx, conn, operation)


def give_back_vault(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Set the vault to `error`: it can be deleted again."""
    now = ctx.clock.now()
    vaults.update(conn, operation.project_id, operation.vault_id or "", status="error", updated_at=now)
    at_least_one_failed(ctx, conn, operation)


def _give_up_deleting(ctx: JobContext, conn: Connection, project_id: str, backup_id: str) -> None:
    now = ctx.clock.now()
    top = backups.get(conn, project_id, backup_id, lock=True)
    if top is None or top.status not in ("waiting_delete", "deleting"):
        return
    backups.move_family(conn, project_id, backup_id, to="error", updated_at=now)
    for disk_id in (top.id, *(disk.id for disk in backups.children(conn, project_id, [top.id])[top.id])):
        if not ledger.of_backup(conn, disk_id):
            backups.update(conn, project_id, disk_id, **backups.WITHOUT_OBJECT, updated_at=now)
