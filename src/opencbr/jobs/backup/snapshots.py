"""Snapshots of all disks: asked for at once, so that they lie in one short window; removed at the end."""

from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.upstream.names import snapshot_name
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.jobs.upstream.snapshots import await_snapshots
from opencbr.model.backup import DiskBackup
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, ledger

_RELEASE_SECONDS = 10.0
"""Most backends delete a snapshot in less."""


def take(ctx: JobContext, operation: OperationLog, disks: list[DiskBackup]) -> None:
    """Snapshot all disks and wait until each is available.

    One whose Cinder backup is made needs none any more: a job that begins anew may come here again.
    Raises Cancelled; CloudError; JobError 7203 when a snapshot ends in an error.
    """
    disks = [disk for disk in disks if disk.cinder_backup_id is None]
    made = dict(
        zip(
            [disk.id for disk in disks],
            parallel(lambda disk: _take_one(ctx, operation, disk), disks),
            strict=True,
        )
    )
    with ctx.database.write() as conn:
        for disk in disks:
            info = {**disk.extend_info, "snapshot_id": made[disk.id]}
            backups.update(conn, disk.project_id, disk.id, extend_info=info, updated_at=ctx.clock.now())
    await_snapshots(ctx, operation, [made[disk.id] for disk in disks])


def _take_one(ctx: JobContext, operation: OperationLog, disk: DiskBackup) -> str:
    project = ctx.cloud.project(operation.project_id)
    name = snapshot_name(ctx.installation, disk.id)
    entry = planned(
        ctx, operation, "snapshot", disk.id, name=name, volume_id=disk.resource_id, backup_id=disk.id
    )

    def create() -> str:
        description = f"for backup {disk.parent_id or disk.id}; removed when it is done"
        return project.create_snapshot(disk.resource_id, name, description, {"opencbr": ctx.installation}).id

    return make(ctx, entry, create, disk.resource_size)


def release(ctx: JobContext, operation: OperationLog) -> list[str]:
    """Ask for the removal of this job's snapshots, and see most of them go; return what is still there, in words.

    The data is safe by now, and whoever waits for the backup waits no longer than a deletion usually takes: what takes longer
    is the janitor's. Raises Lost, Cancelled.
    """
    with ctx.database.read() as conn:
        entries = [entry for entry in ledger.of_log(conn, operation.id) if entry.kind == "snapshot"]
    return remove_briefly(ctx, entries, _RELEASE_SECONDS, doubts=False, log_id=operation.id)
