"""The jobs that delete many backups: a resource leaves its vault, or a vault goes (contract 5.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from opencbr.jobs.backup_chains import settle
from opencbr.jobs.compensation import describe
from opencbr.jobs.context import JobContext
from opencbr.jobs.delete.job import erase_or_fail, give_up_deleting, start_deleting
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.model.lists import BackupFilter, Page
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, operation_logs, resources, vaults

_PAGE = 500


def run_remove_resource(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Delete the backups that a resource has in its vault, newest first, then unbind it."""
    assert operation.resource_id is not None, "an operation to remove a resource names it"
    assert operation.vault_id is not None, "an operation to remove a resource names the vault"
    resource_id, vault_id = operation.resource_id, operation.vault_id

    def forget(conn: Connection) -> None:
        resources.unbind(conn, operation.project_id, resource_id)

    keep = _keep_resource(operation)
    _run(job, ctx, operation, forget, keep, vault_id=vault_id, resource_id=resource_id)


def compensate_remove_resource(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """End a removal that failed: the resource stays in its vault and can be removed again."""
    _give_up(job, ctx, operation, _keep_resource(operation), end)


def run_vault_delete(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Delete all backups of a vault, newest first, then its bindings and the vault."""
    assert operation.vault_id is not None, "an operation to delete a vault names it"
    vault_id = operation.vault_id

    def forget(conn: Connection) -> None:
        wanted = BackupFilter(vault_ids=(vault_id,))
        if count := backups.list(conn, operation.project_id, wanted, Page(limit=1)).count:
            raise JobError("6115", f"vault {vault_id} still has {count} backups")
        for bound in resources.of_vaults(conn, operation.project_id, [vault_id]).get(vault_id, []):
            resources.unbind(conn, operation.project_id, bound.id)
        vaults.dismiss(conn, operation.project_id, vault_id, now=ctx.clock.now())

    keep = _keep_vault(ctx, operation)
    _run(job, ctx, operation, forget, keep, vault_id=vault_id, resource_id=None)


def compensate_vault_delete(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """End a vault's deletion that failed: the vault is in `error` and can be deleted again."""
    _give_up(job, ctx, operation, _keep_vault(ctx, operation), end)


def _keep_resource(operation: OperationLog) -> Callable[[Connection], None]:
    def keep(conn: Connection) -> None:
        resources.set_status(
            conn, operation.project_id, operation.resource_id or "", "available", only_from={"removing"}
        )

    return keep


def _keep_vault(ctx: JobContext, operation: OperationLog) -> Callable[[Connection], None]:
    def keep(conn: Connection) -> None:
        now = ctx.clock.now()
        vaults.update(conn, operation.project_id, operation.vault_id or "", status="error", updated_at=now)

    return keep


def _give_up(
    job: Job,
    ctx: JobContext,
    operation: OperationLog,
    keep: Callable[[Connection], None],
    end: StepFailed | Cancelled,
) -> None:
    code, message = describe(end)
    failed = _End("failed", code=code, message=message, failed=1)
    job.step("fail", lambda: _finish(ctx, operation, keep, failed))


def _run(
    job: Job,
    ctx: JobContext,
    operation: OperationLog,
    forget: Callable[[Connection], None],
    keep: Callable[[Connection], None],
    *,
    vault_id: str,
    resource_id: str | None,
) -> None:
    """Delete one backup after the other; `forget` ends a clean run, `keep` one that left something."""
    total = 0
    failures: list[StepFailed] = []
    left: Sequence[str] = ()
    try:
        ids = job.step("begin", lambda: _begin(ctx, operation, vault_id, resource_id))
        # Written down before the rows that tell them go.
        volume_ids = job.step("volumes", lambda: _volumes(ctx, operation, vault_id, resource_id))
        total = len(ids)
        for count, backup_id in enumerate(ids):
            failure = _delete_one(job, ctx, operation, backup_id, 95 * (count + 1) // total)
            failures += [failure] if failure is not None else []
        left = job.step("settle", lambda: settle(ctx, operation.project_id, volume_ids))
        if not failures:
            ended = _End("success", total=total, left=left)
            job.step("close", lambda: _finish(ctx, operation, forget, ended))
            return
        first = failures[0]
        code, message = (
            "6115",
            f"step {first.step}: {len(failures)} of {total} backups were not deleted; {first.message}",
        )
    except (StepFailed, Cancelled) as end:
        code, message = describe(end)
    failed = _End("failed", code=code, message=message, failed=max(len(failures), 1), total=total, left=left)
    job.step("fail", lambda: _finish(ctx, operation, keep, failed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How a removal ended, for the operation log."""

    status: str = field(kw_only=False)
    code: str = ""
    message: str = ""
    failed: int = 0
    total: int = 0
    left: Sequence[str] = ()


def _delete_one(
    job: Job, ctx: JobContext, operation: OperationLog, backup_id: str, progress: int
) -> StepFailed | None:
    """Delete one backup; a failure is returned, for the others must be tried too."""
    try:
        job.step(f"delete {backup_id}", lambda: _delete(ctx, operation, backup_id, progress))
    except StepFailed as error:
        job.step(f"keep {backup_id}", lambda: give_up_deleting(ctx, operation.project_id, backup_id))
        return error
    return None


def _begin(ctx: JobContext, operation: OperationLog, vault_id: str, resource_id: str | None) -> list[str]:
    with ctx.database.write() as conn:
        operation_logs.begin(conn, operation.id, now=ctx.clock.now())
    return _newest_first(ctx, operation.project_id, vault_id, resource_id)


def _volumes(ctx: JobContext, operation: OperationLog, vault_id: str, resource_id: str | None) -> list[str]:
    with ctx.database.read() as conn:
        return backups.volumes_in(conn, operation.project_id, vault_id, resource_id)


def _newest_first(ctx: JobContext, project_id: str, vault_id: str, resource_id: str | None) -> list[str]:
    """Name the backups to delete in the order that chains ask for."""
    wanted = BackupFilter(vault_ids=(vault_id,), resource_ids=() if resource_id is None else (resource_id,))
    ids: list[str] = []
    with ctx.database.read() as conn:
        while True:
            page = Page(limit=_PAGE, marker=ids[-1] if ids else None)
            found = backups.list(conn, project_id, wanted, page).items
            ids += [row.id for row in found]
            if len(found) < _PAGE:
                return ids


def _delete(ctx: JobContext, operation: OperationLog, backup_id: str, progress: int) -> None:
    stop_if_cancelled(ctx, operation.id)
    if start_deleting(ctx, operation.project_id, backup_id):
        erase_or_fail(ctx, operation.project_id, backup_id)
    with ctx.database.write() as conn:
        operation_logs.advance(conn, operation.id, progress, "delete", now=ctx.clock.now())


def _finish(ctx: JobContext, operation: OperationLog, last: Callable[[Connection], None], end: _End) -> None:
    """Write the end.

    Four counts, because one kind of client reads the first two and another the rest (contract 3.8).
    """
    details = operation.details_at_end(
        end.left,
        fail_count=end.failed,
        total_count=end.total,
        fail_delete_count=end.failed,
        total_delete_count=end.total,
    )
    now = ctx.clock.now()

    def write(conn: Connection) -> None:
        last(conn)
        operation_logs.finish(conn, operation.id, end.status, end.code, end.message, now=now, details=details)

    ctx.database.transact(write)
