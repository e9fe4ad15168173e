"""Cinder backups from the snapshots: incremental where a parent of ours stands, full otherwise.

Cinder may accept a backup and end it in `error` later. What can still be done is done in the same run: a full one in
place of an incremental that was not possible, and the same once more when cinder-backup was away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from opencbr.cloud.cloud import ProjectCloud, VolumeBackup
from opencbr.cloud.errors import Refused
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR, mover_was_away
from opencbr.jobs.backup.parents import choose_parent, make_full
from opencbr.jobs.backup.stored import note_made
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.mover import await_mover, is_mover_down
from opencbr.jobs.upstream.names import backup_name
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.polling import Awaited, wait
from opencbr.jobs.upstream.removal import Outcome, remove
from opencbr.jobs.written import tell_written
from opencbr.model.backup import DiskBackup
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.store import disk_backups, ledger

BEGIN, END = 20, 90
"""Progress in percent when Cinder begins to back up and when it has ended; the rest is reading and clean-up."""

_ATTEMPTS = 4
"""Backups of one disk asked for in a row: a full one, and cinder-backup may go away some times."""
_SECONDS_PER_GB = 60.0
"""So long Cinder may copy a GiB before it is thought to stand still: nothing of it is to be seen."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """A backup that ended in `error` and is worth another attempt."""

    disk: DiskBackup
    made: VolumeBackup

    def __str__(self) -> str:
        asked = f" ({self.made.request_id})" if self.made.request_id else ""
        return (
            f"Cinder's backup {self.made.id} of volume {self.disk.resource_id} ended in status"
            f" {self.made.status}{asked}: {self.made.fail_reason or 'no reason given'}"
        )


def start(ctx: JobContext, operation: OperationLog, disks: Sequence[DiskBackup]) -> None:
    """Start the Cinder backup of every disk, once cinder-backup is there. Raises CloudError, Cancelled, JobError."""
    with ctx.database.read() as conn:
        made = {entry.key for entry in ledger.of_log(conn, operation.id) if entry.kind == "backup"}
    if any(disk.id not in made for disk in disks):
        await_mover(ctx, operation, "the backup is made when it is up again")
    parallel(lambda disk: _start_one(ctx, operation, disk), disks)


def _start_one(ctx: JobContext, operation: OperationLog, disk: DiskBackup) -> None:
    project = ctx.cloud.project(operation.project_id)
    name = backup_name(ctx.installation, disk.id)
    entry = planned(
        ctx, operation, "backup", disk.id, name=name, volume_id=disk.resource_id, backup_id=disk.id
    )
    with ctx.database.read() as conn:
        known = ledger.get(conn, operation.id, entry.kind, entry.key)
    parent_id = disk.based_on if known is not None else choose_parent(ctx, operation, project, disk)

    def create() -> str:
        if parent_id is not None:
            try:
                return _create(ctx, project, disk, name, incremental=True)
            except Refused as error:
                if error.status != HTTPStatus.BAD_REQUEST:
                    raise
                # The parent went between our look and the request (or is not one in Cinder's eyes): a full
                # backup needs none.
                make_full(ctx, operation, disk, str(error))
        return _create(ctx, project, disk, name, incremental=False)

    upstream_id = make(ctx, entry, create, disk.resource_size)
    if upstream_id != disk.cinder_backup_id:
        with ctx.database.write() as conn:
            now = ctx.clock.now()
            disk_backups.note(conn, disk.project_id, disk.id, cinder_backup_id=upstream_id, now=now)


def _create(ctx: JobContext, project: ProjectCloud, disk: DiskBackup, name: str, *, incremental: bool) -> str:
    return project.create_backup(
        disk.resource_id,
        str(disk.extend_info["snapshot_id"]),
        name,
        f"backup {disk.parent_id or disk.id}",
        incremental=incremental,
        metadata={"opencbr": ctx.installation},
    ).id


def finish(ctx: JobContext, operation: OperationLog) -> None:
    """Wait until all Cinder backups are available, telling the progress; write down what each has become.

    Raises Cancelled; CloudError; JobError 9910 when one ends in an error for good, with Cinder's reason.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        # A worker that died between two attempts leaves one that is to be started.
        start(ctx, operation, _disks(ctx, operation))
        failed = _wait(ctx, operation, _disks(ctx, operation))
        if not failed:
            return
        if attempt == _ATTEMPTS:
            raise JobError(UNEXPECTED, str(failed[0]))
        for one in failed:
            _take_back(ctx, operation, one)


def _disks(ctx: JobContext, operation: OperationLog) -> list[DiskBackup]:
    with ctx.database.read() as conn:
        return disk_backups.of_backup(conn, operation.project_id, operation.backup_id or "")


def _wait(ctx: JobContext, operation: OperationLog, disks: Sequence[DiskBackup]) -> list[_Failed]:
    """Wait for the end of all; return those that another attempt may help."""
    project = ctx.cloud.project(operation.project_id)
    sizes = {disk.id: disk.resource_size for disk in disks}
    failed: list[_Failed] = []

    def look(disk: DiskBackup) -> VolumeBackup | None:
        assert disk.cinder_backup_id is not None, "start() has written it"
        made = project.get_backup(disk.cinder_backup_id)
        if made.status == CINDER_AVAILABLE:
            note_made(ctx, project, disk, made)
            return None
        if made.status.startswith(CINDER_ERROR):
            end = _Failed(disk, made)
            if not made.is_incremental and not mover_was_away(made.fail_reason):
                raise JobError(UNEXPECTED, str(end))
            failed.append(end)
            return None
        return made

    def tell(unfinished: Sequence[DiskBackup]) -> None:
        ids = [disk.id for disk in unfinished]
        tell_written(ctx, operation, sizes, ids, step="wait", progress=(BEGIN, END))

    awaited = [
        Awaited(disk, "backup", disk.cinder_backup_id or "", disk.resource_size * _SECONDS_PER_GB)
        for disk in disks
    ]
    wait(ctx, operation, awaited, look, is_excused=lambda: is_mover_down(ctx), told=tell)
    return failed


def _take_back(ctx: JobContext, operation: OperationLog, failed: _Failed) -> None:
    """Remove a backup that ended in `error`, so that another of its name can be made; it is full or as it was."""
    disk = failed.disk
    if mover_was_away(failed.made.fail_reason):
        note(ctx, operation, f"{failed}; cinder-backup was away, and it is made anew")
    else:
        make_full(ctx, operation, disk, str(failed))
    with ctx.database.read() as conn:
        entry = ledger.get(conn, operation.id, "backup", disk.id)
    for done in remove(ctx, [entry] if entry else [], log_id=operation.id):
        if done.outcome is not Outcome.GONE:
            raise JobError(UNEXPECTED, f"{failed}; and it could not be removed: {done}")
    with ctx.database.write() as conn:
        disk_backups.note(conn, disk.project_id, disk.id, cinder_backup_id=None, now=ctx.clock.now())
