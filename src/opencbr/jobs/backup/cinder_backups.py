"""Cinder backups from the snapshots: incremental where a parent of ours stands, full otherwise."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from opencbr.cloud.cloud import ProjectCloud, VolumeBackup
from opencbr.cloud.errors import NotFound, Refused
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR
from opencbr.jobs.backup.parents import choose_parent, note_parent
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.names import backup_name
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.polling import wait
from opencbr.model.backup import DiskBackup
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.stored_size import stored_mb
from opencbr.store import disk_backups, ledger, operation_logs

BEGIN, END = 20, 90
"""Progress in percent when Cinder begins to back up and when it has ended; the rest is reading and clean-up."""


def start(ctx: JobContext, operation: OperationLog, disks: list[DiskBackup]) -> None:
    """Start the Cinder backup of every disk. Raises CloudError."""
    parallel(lambda disk: _start_one(ctx, operation, disk), disks)


def _start_one(ctx: JobContext, operation: OperationLog, disk: DiskBackup) -> None:
    project = ctx.cloud.project(operation.project_id)
    name = backup_name(ctx.installation, disk.id)
    entry = planned(
        ctx, operation, "backup", disk.id, name=name, volume_id=disk.resource_id, backup_id=disk.id
    )
    with ctx.database.read() as conn:
        known = ledger.get(conn, operation.id, entry.kind, entry.key)
    parent_id = disk.based_on if known is not None else choose_parent(ctx, project, disk)

    def create() -> str:
        if parent_id is not None:
            try:
                return _create(ctx, project, disk, name, incremental=True)
            except Refused as error:
                if error.status != HTTPStatus.BAD_REQUEST:
                    raise
                # The parent went between our look and the request (or is not one in Cinder's eyes): a full
                # backup needs none.
                note_parent(ctx, disk, None)
        return _create(ctx, project, disk, name, incremental=False)

    upstream_id = make(ctx, entry, create)
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


def finish(ctx: JobContext, operation: OperationLog, disks: list[DiskBackup]) -> None:
    """Wait until all Cinder backups are available, telling the progress; write down what each has become.

    Raises Cancelled; CloudError; JobError 9910 when one ends in an error, with Cinder's reason.
    """
    project = ctx.cloud.project(operation.project_id)
    whole = sum(disk.resource_size for disk in disks) or 1

    def is_done(disk: DiskBackup) -> bool:
        assert disk.cinder_backup_id is not None, "start() has written it"
        made = project.get_backup(disk.cinder_backup_id)
        if made.status.startswith(CINDER_ERROR):
            asked = f" ({made.request_id})" if made.request_id else ""
            raise JobError(
                UNEXPECTED,
                f"Cinder's backup {made.id} of volume {disk.resource_id} ended in status"
                f" {made.status}{asked}: {made.fail_reason or 'no reason given'}",
            )
        if made.status != CINDER_AVAILABLE:
            return False
        _note_made(ctx, project, disk, made)
        return True

    def tell(unfinished: Sequence[DiskBackup]) -> None:
        done = whole - sum(disk.resource_size for disk in unfinished)
        with ctx.database.write() as conn:
            progress = BEGIN + (END - BEGIN) * done // whole
            operation_logs.advance(conn, operation.id, progress, "wait", now=ctx.clock.now())

    wait(
        ctx,
        disks,
        is_done,
        timeout_seconds=ctx.settings.backup_timeout_seconds,
        what="a backup in Cinder",
        log_id=operation.id,
        told=tell,
    )


def _note_made(ctx: JobContext, project: ProjectCloud, disk: DiskBackup, made: VolumeBackup) -> None:
    full_count = _full_object_count(ctx, project, disk) if made.is_incremental else None
    size = stored_mb(
        size_gb=made.size_gb,
        is_incremental=made.is_incremental,
        object_count=made.object_count,
        full_object_count=full_count,
    )
    changes: dict[str, Any] = {} if made.is_incremental else {"based_on": None}
    with ctx.database.write() as conn:
        disk_backups.note(
            conn,
            disk.project_id,
            disk.id,
            stored_mb=size,
            is_incremental=made.is_incremental,
            now=ctx.clock.now(),
            **changes,
        )


def _full_object_count(ctx: JobContext, project: ProjectCloud, disk: DiskBackup) -> int | None:
    """Return how many objects the full backup at the root of this chain has; None when it cannot be told."""
    with ctx.database.read() as conn:
        row = disk_backups.get(conn, disk.project_id, disk.id)
        while row is not None and row.based_on is not None:
            row = disk_backups.get(conn, row.project_id, row.based_on)
    if row is None or row.id == disk.id or row.cinder_backup_id is None:
        return None
    try:
        return project.get_backup(row.cinder_backup_id).object_count
    except NotFound:
        return None
