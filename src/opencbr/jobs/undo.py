"""The compensation path, the same for failure, cancellation and a job whose worker died.

By the ledger, nothing else is trusted.
"""

from datetime import datetime

from sqlalchemy import Connection

from opencbr.jobs.chains import settle
from opencbr.jobs.disks import disk_rows
from opencbr.jobs.engine import Cancelled, Job, StepFailed
from opencbr.jobs.kit import Kit
from opencbr.jobs.upstream import Outcome, remove
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, drafts, ledger, operation_logs, resources


def undo(job: Job, kit: Kit, order: OperationLog, end: StepFailed | Cancelled) -> None:
    """Remove what the job made upstream, then let backup, resource and operation log say how it ended.

    What cannot be removed stays in the ledger, where the janitor and a later deletion of the backup find it;
    the message names it.
    """
    try:
        left = job.step("undo", lambda: _remove(kit, order))
    except StepFailed as second:
        left = [second.message]
    code, message = describe(end)
    if left:
        message += "; still in the cloud: " + "; ".join(left)
    job.step("fail", lambda: _fail(kit, order, code, message))


def describe(end: StepFailed | Cancelled) -> tuple[str, str]:
    """Return code and sentence for the operation log.

    The catalogue has no code for a cancelled job; the sentence tells.
    """
    if isinstance(end, Cancelled):
        return "9910", f"step {end.step}: cancelled by request"
    return end.code, str(end)


def _remove(kit: Kit, order: OperationLog) -> list[str]:
    with kit.database.read() as conn:
        entries = ledger.of_log(conn, order.id)
    return [
        f"{done.entry.kind} {done.entry.upstream_id or done.entry.name} ({done.reason})"
        for done in remove(kit, entries)
        if done.outcome is not Outcome.GONE
    ]


def _fail(kit: Kit, order: OperationLog, code: str, message: str) -> None:
    """Write the end in one transaction.

    A disk's row goes unless its upstream objects are still there to be deleted one day.
    """
    now = kit.clock.now()
    based_on = kit.database.transact(lambda conn: _write_end(conn, order, code, message, now))
    settle(kit, order.project_id, based_on)


def _write_end(conn: Connection, order: OperationLog, code: str, message: str, now: datetime) -> list[str]:
    operation_logs.finish(conn, order.id, "failed", code, message, now=now)
    if order.resource_id is not None:
        resources.set_status(conn, order.project_id, order.resource_id, "available", only_from={"protecting"})
    backup_id = order.backup_id
    top = None if backup_id is None else backups.get(conn, order.project_id, backup_id, held=True)
    if top is None:
        return []
    drafts.delete(conn, order.project_id, top.id)
    disks = disk_rows(conn, top)
    based_on = [disk.based_on for disk in disks if disk.based_on is not None]
    for disk in disks:
        if ledger.of_backup(conn, disk.id):
            backups.move(conn, top.project_id, disk.id, to="error", updated_at=now)
        elif disk.id != top.id:
            backups.delete(conn, top.project_id, disk.id)
        backups.update(conn, top.project_id, disk.id, based_on=None, updated_at=now)
    if top.status in ("waiting_protect", "protecting"):
        backups.move(conn, top.project_id, top.id, to="error", updated_at=now)
    return based_on
