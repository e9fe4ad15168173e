"""The jobs that delete many backups: a resource leaves its vault, or a vault goes; either takes its backups along (contract 5.1)."""

from collections.abc import Callable

from sqlalchemy import Connection

from opencbr.jobs.delete import erase_or_fail, give_up_deleting, start_deleting
from opencbr.jobs.engine import Cancelled, Job, StepFailed
from opencbr.jobs.kit import Kit
from opencbr.jobs.undo import describe
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, operation_logs, resources, vaults


def run_remove_resource(job: Job, kit: Kit, order: OperationLog) -> None:
    """Delete the backups that a resource has in its vault, newest first, then unbind it."""
    assert order.resource_id is not None, "an order to remove a resource names it"
    assert order.vault_id is not None, "an order to remove a resource names the vault"
    resource_id, vault_id = order.resource_id, order.vault_id

    def forget(conn: Connection) -> None:
        resources.unbind(conn, order.project_id, resource_id)

    def keep(conn: Connection) -> None:
        resources.set_status(conn, order.project_id, resource_id, "available", only_from={"removing"})

    _run(job, kit, order, forget, keep, vault_id=vault_id, resource_id=resource_id)


def run_vault_delete(job: Job, kit: Kit, order: OperationLog) -> None:
    """Delete all backups of a vault, newest first, then its bindings and the vault."""
    assert order.vault_id is not None, "an order to delete a vault names it"
    vault_id = order.vault_id

    def forget(conn: Connection) -> None:
        for bound in resources.of_vaults(conn, order.project_id, [vault_id]).get(vault_id, []):
            resources.unbind(conn, order.project_id, bound.id)
        vaults.delete(conn, order.project_id, vault_id)

    def keep(conn: Connection) -> None:
        vaults.update(conn, order.project_id, vault_id, status="error")

    _run(job, kit, order, forget, keep, vault_id=vault_id, resource_id=None)


def _run(
    job: Job,
    kit: Kit,
    order: OperationLog,
    forget: Callable[[Connection], None],
    keep: Callable[[Connection], None],
    *,
    vault_id: str,
    resource_id: str | None,
) -> None:
    """Delete one backup after the other; `forget` ends a clean run, `keep` one that left something."""
    total, failed = 0, 0
    try:
        ids = job.step("begin", lambda: _begin(kit, order, vault_id, resource_id))
        total = len(ids)
        first: StepFailed | None = None
        for count, backup_id in enumerate(ids):
            try:
                job.step(
                    f"delete {backup_id}",
                    lambda one=backup_id, at=count: _delete(kit, order, one, at, len(ids)),
                )  # type: ignore[misc]
            except StepFailed as error:
                failed += 1
                first = first or error
                job.step(
                    f"keep {backup_id}", lambda one=backup_id: give_up_deleting(kit, order.project_id, one)
                )  # type: ignore[misc]
        if first is not None:
            raise StepFailed(
                first.step, "6115", f"{failed} of {total} backups were not deleted; {first.message}"
            )
        job.step("close", lambda: _finish(kit, order, forget, "success", "", "", 0, total))
    except (StepFailed, Cancelled) as end:
        code, message = describe(end)
        lost = max(failed, 1)
        job.step("fail", lambda: _finish(kit, order, keep, "failed", code, message, lost, total))


def _begin(kit: Kit, order: OperationLog, vault_id: str, resource_id: str | None) -> list[str]:
    with kit.database.write() as conn:
        operation_logs.begin(conn, order.id, kit.clock.now())
        return backups.ids_newest_first(conn, order.project_id, vault_id=vault_id, resource_id=resource_id)


def _delete(kit: Kit, order: OperationLog, backup_id: str, count: int, total: int) -> None:
    with kit.database.read() as conn:
        if operation_logs.cancel_requested(conn, order.id):
            raise Cancelled
        if backups.get(conn, order.project_id, backup_id) is None:
            return
    start_deleting(kit, order.project_id, backup_id)
    erase_or_fail(kit, order.project_id, backup_id)
    with kit.database.write() as conn:
        operation_logs.advance(conn, order.id, 95 * (count + 1) // total, "delete")


def _finish(
    kit: Kit,
    order: OperationLog,
    last: Callable[[Connection], None],
    status: str,
    code: str,
    message: str,
    failed: int,
    total: int,
) -> None:
    """Write the end. Four counts, because one kind of client reads the first two and another the rest (contract 3.8)."""
    details = {
        **order.details,
        "fail_count": failed,
        "total_count": total,
        "fail_delete_count": failed,
        "total_delete_count": total,
    }
    now = kit.clock.now()

    def write(conn: Connection) -> None:
        last(conn)
        operation_logs.finish(conn, order.id, status, code, message, now, details=details)

    kit.database.transact(write)
