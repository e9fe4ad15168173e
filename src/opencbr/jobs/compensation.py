"""The compensation path, the same for failure, cancellation and a job whose worker died.

By the ledger, nothing else is trusted.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from opencbr.jobs.backup_chains import settle
from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import disk_rows
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.upstream.objects import Outcome, remove
from opencbr.model.operation_log import OperationLog
from opencbr.records import draft_rows
from opencbr.store import backups, ledger, operation_logs, resources


def compensate(job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled) -> None:
    """Remove what the job made upstream, then let backup, resource and operation log say how it ended.

    What cannot be removed stays in the ledger, where the janitor and a later deletion of the backup find it;
    the message names it. The log ends last: a job whose log has ended is not taken up again.
    """
    left: list[str] = []
    try:
        # Written down before the rows that tell them go.
        volume_ids = job.step("volumes", lambda: _volumes(ctx, operation))
        left = job.step("compensate", lambda: _remove(ctx, operation))
        job.step("free", lambda: _free(ctx, operation))
        if not left:  # else the cloud is not in the mood
            left = job.step("settle", lambda: settle(ctx, operation.project_id, volume_ids))
    except StepFailed as second:
        left = [*left, second.message]
    code, message = describe(end)
    if left:
        message += "; still in the cloud: " + "; ".join(left)
    job.step("fail", lambda: _fail(ctx, operation, code, message, left))


def describe(end: StepFailed | Cancelled) -> tuple[str, str]:
    """Return code and sentence for the operation log.

    The catalogue has no code for a cancelled job; the sentence tells.
    """
    if isinstance(end, Cancelled):
        return "9910", f"step {end.step}: cancelled by request"
    return end.code, str(end)


def _volumes(ctx: JobContext, operation: OperationLog) -> list[str]:
    with ctx.database.read() as conn:
        return backups.volumes_of(conn, operation.project_id, operation.backup_id or "")


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    with ctx.database.read() as conn:
        entries = ledger.of_log(conn, operation.id)
    return [
        f"{done.entry.kind} {done.entry.upstream_id or done.entry.name} ({done.reason})"
        for done in remove(ctx, entries)
        if done.outcome is not Outcome.GONE
    ]


def _free(ctx: JobContext, operation: OperationLog) -> None:
    """Let the disks go that have nothing in the cloud.

    One whose Cinder backup still stands keeps its row, and what that is based on is still needed.
    """
    now = ctx.clock.now()

    def write(conn: Connection) -> None:
        top = backups.get(conn, operation.project_id, operation.backup_id or "", held=True)
        for disk in disk_rows(conn, top) if top else ():
            kinds = {entry.kind for entry in ledger.of_backup(conn, disk.id)}
            if not kinds and disk.parent_id is not None:
                backups.delete(conn, disk.project_id, disk.id)
            elif "backup" not in kinds:
                backups.update(conn, disk.project_id, disk.id, **backups.WITHOUT_OBJECT, updated_at=now)

    ctx.database.transact(write)


def _fail(ctx: JobContext, operation: OperationLog, code: str, message: str, left: Sequence[str]) -> None:
    """Write the end in one transaction; what is left becomes the janitor's."""
    now = ctx.clock.now()
    details = operation.details_at_end(left)

    def write(conn: Connection) -> None:
        operation_logs.finish(conn, operation.id, "failed", code, message, now=now, details=details)
        ledger.leave(conn, operation.id)
        if operation.resource_id is not None:
            resources.set_status(
                conn, operation.project_id, operation.resource_id, "available", only_from={"protecting"}
            )
        if operation.backup_id is None:
            return
        draft_rows.delete(conn, operation.project_id, operation.backup_id)
        top = backups.get(conn, operation.project_id, operation.backup_id)
        if top is not None and top.status in ("waiting_protect", "protecting"):
            backups.move_family(conn, operation.project_id, top.id, to="error", updated_at=now)

    ctx.database.transact(write)
