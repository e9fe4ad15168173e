"""The way back of a backup: its Cinder backups and snapshots go, and what they were based on may go too."""

from sqlalchemy import Connection

from opencbr.jobs.backup.terminated import tell_kept_disks
from opencbr.jobs.backup_chains import settle
from opencbr.jobs.compensation import end_failed, remove_made
from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import disk_rows
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.upstream.removal import hurried
from opencbr.model import statuses
from opencbr.model.document import Reading
from opencbr.model.operation_log import OperationLog
from opencbr.records import draft_rows
from opencbr.store import backups, disk_backups, ledger, resources


def compensate_backup(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Remove what the job made upstream, then let backup, resource and operation log say how it ended."""
    left: list[str] = []
    broken: StepFailed | None = None
    try:
        # Written down before the rows that tell them go.
        volume_ids = job.step("volumes", lambda: _volumes(ctx, operation))
        left = job.step("compensate", lambda: _remove(ctx, operation))
        job.step("free", lambda: _free(ctx, operation))
        if not left:  # a cloud that has just refused a deletion would refuse the held backups' too
            left = job.step("settle", lambda: settle(hurried(ctx), operation.project_id, volume_ids))
    except StepFailed as second:
        broken = second
    job.step("fail", lambda: end_failed(ctx, operation, end, straighten, left=left, broken=broken))


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    left = remove_made(ctx, operation)
    reading = ctx.records.kept(operation.project_id, operation.backup_id or "", "before")
    tell_kept_disks(ctx, operation, reading if isinstance(reading, Reading) else None)
    return left


def _volumes(ctx: JobContext, operation: OperationLog) -> list[str]:
    with ctx.database.read() as conn:
        return disk_backups.volumes_of(conn, operation.project_id, operation.backup_id or "")


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
                disk_backups.forget(conn, disk.project_id, disk.id, now=now)

    ctx.database.transact(write)


def straighten(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Set the backup to `error`, and let the resource be backed up again."""
    project_id, backup_id = operation.project_id, operation.backup_id or ""
    if operation.resource_id is not None:
        resources.set_status(
            conn, project_id, operation.resource_id, statuses.AVAILABLE, only_from={statuses.PROTECTING}
        )
    draft_rows.delete(conn, project_id, backup_id)
    top = backups.get(conn, project_id, backup_id)
    if top is not None and top.status in (statuses.WAITING_PROTECT, statuses.PROTECTING):
        backups.move_family(conn, project_id, backup_id, to=statuses.ERROR, updated_at=ctx.clock.now())
