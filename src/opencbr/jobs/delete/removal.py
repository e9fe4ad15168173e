"""The jobs that delete many backups: a resource leaves its vault, or a vault goes (contract 5.1)."""

from collections.abc import Callable

from sqlalchemy import Connection

from opencbr.jobs.backup_chains import settle
from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.delete.compensation import give_up_deleting
from opencbr.jobs.delete.counters import tell_counts
from opencbr.jobs.delete.job import erase_or_fail, start_deleting
from opencbr.jobs.engine.port import Job, StepFailed
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.jobs.upstream.removal import hurried
from opencbr.model import statuses
from opencbr.model.errors import DELETION_INCOMPLETE
from opencbr.model.lists import BackupFilter, Page
from opencbr.model.operation_log import LEFT, OperationLog
from opencbr.store import backups, disk_backups, operation_logs, resources, vaults

_PAGE = 500


def run_remove_resource(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Delete the backups that a resource has in its vault, newest first, then unbind it."""
    assert operation.resource_id is not None, "an operation to remove a resource names it"
    assert operation.vault_id is not None, "and its vault"
    resource_id, vault_id = operation.resource_id, operation.vault_id

    def finish(conn: Connection) -> None:
        resources.unbind(conn, operation.project_id, resource_id, vault_id)

    _run(job, ctx, operation, resource_id, finish)


def run_vault_delete(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Delete all backups of a vault, newest first, then its bindings and the vault."""
    assert operation.vault_id is not None, "an operation to delete a vault names it"
    vault_id = operation.vault_id

    def finish(conn: Connection) -> None:
        wanted = BackupFilter(vault_ids=(vault_id,))
        if count := backups.list(conn, operation.project_id, wanted, Page(limit=1)).count:
            raise JobError(DELETION_INCOMPLETE, f"vault {vault_id} still has {count} backups")
        for bound in resources.of_vaults(conn, operation.project_id, [vault_id]).get(vault_id, []):
            resources.unbind(conn, operation.project_id, bound.id, vault_id)
        vaults.dismiss(conn, operation.project_id, vault_id, now=ctx.clock.now())

    _run(job, ctx, operation, None, finish)


def _run(
    job: Job,
    ctx: JobContext,
    operation: OperationLog,
    resource_id: str | None,
    finish: Callable[[Connection], None],
) -> None:
    """Delete one backup after the other; `finish` ends a clean run, StepFailed one that left something."""
    ids = job.step("begin", lambda: _begin(ctx, operation, resource_id))
    # Written down before the rows that tell them go.
    volume_ids = job.step("volumes", lambda: _volumes(ctx, operation, resource_id))
    failures: list[StepFailed] = []
    for number, backup_id in enumerate(ids, 1):
        try:
            _delete_one(
                job, ctx, operation, backup_id, progress=95 * number // len(ids), failed=len(failures)
            )
        except StepFailed as failure:  # the others are tried all the same
            failures.append(failure)
    job.step("settle", lambda: _settle(ctx, operation, volume_ids))
    if failures:
        first = failures[0]
        message = f"{len(failures)} of {len(ids)} backups were not deleted; {first.message}"
        raise StepFailed(first.step, DELETION_INCOMPLETE, message)
    job.step("close", lambda: _close(ctx, operation, finish))


def _delete_one(
    job: Job, ctx: JobContext, operation: OperationLog, backup_id: str, *, progress: int, failed: int
) -> None:
    """Delete one backup, after `failed` that could not be; raises StepFailed when it cannot either."""
    try:
        job.step(f"delete {backup_id}", lambda: _delete(ctx, operation, backup_id, progress))
    except StepFailed:
        job.step(f"keep {backup_id}", lambda: _keep(ctx, operation, backup_id, failed + 1))
        raise


def _begin(ctx: JobContext, operation: OperationLog, resource_id: str | None) -> list[str]:
    """Begin, and name the backups to delete in the sequence that chains ask for: newest first."""
    wanted = BackupFilter(
        vault_ids=(operation.vault_id or "",), resource_ids=() if resource_id is None else (resource_id,)
    )
    ids: list[str] = []
    with ctx.database.read() as conn:
        while True:
            page = Page(limit=_PAGE, marker=ids[-1] if ids else None)
            found = backups.list(conn, operation.project_id, wanted, page).items
            ids += [row.id for row in found]
            if len(found) < _PAGE:
                break
    with ctx.database.write() as conn:
        operation_logs.begin(conn, operation.id, now=ctx.clock.now())
        tell_counts(ctx, conn, operation, failed=0, total=len(ids))
    return ids


def _volumes(ctx: JobContext, operation: OperationLog, resource_id: str | None) -> list[str]:
    with ctx.database.read() as conn:
        return disk_backups.volumes_in(conn, operation.project_id, operation.vault_id or "", resource_id)


def _delete(ctx: JobContext, operation: OperationLog, backup_id: str, progress: int) -> None:
    stop_if_cancelled(ctx, operation.id)
    if start_deleting(ctx, operation.project_id, backup_id):
        erase_or_fail(ctx, operation.project_id, backup_id, operation.id)
    with ctx.database.write() as conn:
        operation_logs.advance(conn, operation.id, progress, "delete", now=ctx.clock.now())


def _keep(ctx: JobContext, operation: OperationLog, backup_id: str, failed: int) -> None:
    give_up_deleting(ctx, operation.project_id, backup_id)
    with ctx.database.write() as conn:
        tell_counts(ctx, conn, operation, failed=failed)


def _settle(ctx: JobContext, operation: OperationLog, volume_ids: list[str]) -> None:
    """Remove the held disks that nothing needs any more; what does not go in a minute is told, and the janitor's."""
    left = settle(hurried(ctx), operation.project_id, volume_ids)
    if left:
        with ctx.database.write() as conn:
            operation_logs.tell(conn, operation, {LEFT: left}, now=ctx.clock.now())


def _close(ctx: JobContext, operation: OperationLog, finish: Callable[[Connection], None]) -> None:
    now = ctx.clock.now()

    def write(conn: Connection) -> None:
        finish(conn)
        details = details_at_end(conn, operation, ())
        operation_logs.finish(conn, operation.id, statuses.SUCCESS, now=now, details=details)

    ctx.database.transact(write)
