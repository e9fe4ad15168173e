"""The compensation path, the same for failure, cancellation and a job whose worker died.

By the ledger, nothing else is trusted.
"""

from collections.abc import Sequence

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
    the message names it. The log ends last: a job whose log has ended is not taken up again.
    """
    left: list[str] = []
    try:
        # Written down before the rows that tell them go.
        volume_ids = job.step("volumes", lambda: _volumes(kit, order))
        left = job.step("undo", lambda: _remove(kit, order))
        job.step("free", lambda: _free(kit, order))
        if not left:  # else the cloud is not in the mood
            left = job.step("settle", lambda: settle(kit, order.project_id, volume_ids))
    except StepFailed as second:
        left = [*left, second.message]
    code, message = describe(end)
    if left:
        message += "; still in the cloud: " + "; ".join(left)
    job.step("fail", lambda: _fail(kit, order, code, message, left))


def describe(end: StepFailed | Cancelled) -> tuple[str, str]:
    """Return code and sentence for the operation log.

    The catalogue has no code for a cancelled job; the sentence tells.
    """
    if isinstance(end, Cancelled):
        return "9910", f"step {end.step}: cancelled by request"
    return end.code, str(end)


def _volumes(kit: Kit, order: OperationLog) -> list[str]:
    with kit.database.read() as conn:
        return backups.volumes_of(conn, order.project_id, order.backup_id or "")


def _remove(kit: Kit, order: OperationLog) -> list[str]:
    with kit.database.read() as conn:
        entries = ledger.of_log(conn, order.id)
    return [
        f"{done.entry.kind} {done.entry.upstream_id or done.entry.name} ({done.reason})"
        for done in remove(kit, entries)
        if done.outcome is not Outcome.GONE
    ]


def _free(kit: Kit, order: OperationLog) -> None:
    """Let the disks go that have nothing in the cloud.

    One whose Cinder backup still stands keeps its row, and what that is based on is still needed.
    """
    now = kit.clock.now()

    def write(conn: Connection) -> None:
        top = backups.get(conn, order.project_id, order.backup_id or "", held=True)
        for disk in disk_rows(conn, top) if top else ():
            kinds = {entry.kind for entry in ledger.of_backup(conn, disk.id)}
            if not kinds and disk.parent_id is not None:
                backups.delete(conn, disk.project_id, disk.id)
            elif "backup" not in kinds:
                backups.update(conn, disk.project_id, disk.id, **backups.WITHOUT_OBJECT, updated_at=now)

    kit.database.transact(write)


def _fail(kit: Kit, order: OperationLog, code: str, message: str, left: Sequence[str]) -> None:
    """Write the end in one transaction; what is left becomes the janitor's."""
    now = kit.clock.now()
    details = order.details_at_end(left)

    def write(conn: Connection) -> None:
        operation_logs.finish(conn, order.id, "failed", code, message, now=now, details=details)
        ledger.leave(conn, order.id)
        if order.resource_id is not None:
            resources.set_status(
                conn, order.project_id, order.resource_id, "available", only_from={"protecting"}
            )
        if order.backup_id is None:
            return
        drafts.delete(conn, order.project_id, order.backup_id)
        top = backups.get(conn, order.project_id, order.backup_id)
        if top is not None and top.status in ("waiting_protect", "protecting"):
            backups.move_family(conn, order.project_id, top.id, to="error", updated_at=now)

    kit.database.transact(write)
