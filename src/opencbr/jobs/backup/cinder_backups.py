"""Cinder backups from the snapshots: incremental where a parent of ours stands, full otherwise."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection

from opencbr.cloud.cloud import ProjectCloud, VolumeBackup
from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.project import exported
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.upstream.names import backup_name
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.polling import wait
from opencbr.model.backup import Backup
from opencbr.model.document import Document
from opencbr.model.operation_log import OperationLog
from opencbr.model.stored_size import stored_mb
from opencbr.store import backups, ledger, operation_logs

STANDING = frozenset({"available", "waiting_restore", "restoring"})
"""Statuses of a finished backup that nobody is deleting."""

BEGIN, END = 20, 90
"""Progress in percent when the copying begins and when it has ended.

The rest goes to the reading and the clean-up.
"""


def start(ctx: JobContext, operation: OperationLog, disks: list[Backup]) -> None:
    """Start the Cinder backup of every disk. Raises CloudError."""
    parallel(lambda disk: _start_one(ctx, operation, disk), disks)


def _start_one(ctx: JobContext, operation: OperationLog, disk: Backup) -> None:
    project = ctx.cloud.project(operation.project_id)
    name = backup_name(ctx.installation, disk.id)
    entry = planned(
        ctx,
        kind="backup",
        name=name,
        project_id=operation.project_id,
        log_id=operation.id,
        volume_id=disk.resource_id,
        backup_id=disk.id,
    )
    with ctx.database.read() as conn:
        known = ledger.get(conn, entry.kind, name)
    parent_id = disk.based_on if known is not None else _choose_parent(ctx, project, disk)

    def find() -> str | None:
        found = project.find_backup(name, disk.resource_id)
        return None if found is None else found.id

    def create() -> str:
        if parent_id is not None:
            try:
                return _operation(ctx, project, disk, name, incremental=True)
            except Refused as error:
                if error.status != HTTPStatus.BAD_REQUEST:
                    raise
                # The parent went between our look and the request (or is not one in Cinder's eyes): a full
                # backup needs none.
                _note_parent(ctx, disk, None)
        return _operation(ctx, project, disk, name, incremental=False)

    upstream_id = make(ctx, entry, find, create)
    with ctx.database.write() as conn:
        backups.update(
            conn, disk.project_id, disk.id, cinder_backup_id=upstream_id, updated_at=ctx.clock.now()
        )


def _operation(ctx: JobContext, project: ProjectCloud, disk: Backup, name: str, *, incremental: bool) -> str:
    return project.create_backup(
        disk.resource_id,
        str(disk.extend_info["snapshot_id"]),
        name,
        f"backup {disk.parent_id or disk.id}",
        incremental=incremental,
        metadata={"opencbr": ctx.installation},
    ).id


def _choose_parent(ctx: JobContext, project: ProjectCloud, disk: Backup) -> str | None:
    """Return our id of the backup to build on, None for a full one, and note it.

    From then on the parent is needed.

    A parent must be the newest of its volume, whichever vault that is in: Cinder builds on the newest it
    has. It must be available in our table and in Cinder, and its chain shorter than `full_backup_interval`.
    """
    if not disk.incremental:
        return None
    with ctx.database.read() as conn:
        parent = backups.latest_disk(conn, disk.project_id, disk.resource_id)
        if parent is None or parent.id == disk.id or parent.cinder_backup_id is None:
            return None
        if backups.chain_length(conn, disk.project_id, parent.id) >= ctx.settings.full_backup_interval:
            return None
    try:
        if project.get_backup(parent.cinder_backup_id).status != "available":
            return None
    except NotFound:
        return None
    return parent.id if _note_parent(ctx, disk, parent.id) else None


def _note_parent(ctx: JobContext, disk: Backup, parent_id: str | None) -> bool:
    """Write down which backup this one needs, unless it is being deleted; return whether it was."""
    with ctx.database.write() as conn:
        if parent_id is not None and not _stands(conn, disk.project_id, parent_id):
            return False
        backups.update(
            conn,
            disk.project_id,
            disk.id,
            based_on=parent_id,
            is_incremental=parent_id is not None,
            updated_at=ctx.clock.now(),
        )
    return True


def _stands(conn: Connection, project_id: str, disk_id: str) -> bool:
    """Say whether a disk backup may be built upon: nobody is deleting it, or others hold it anyway.

    A held one that nothing needs any more is on its way out. The row that a deletion locks first is locked,
    so that of the two one sees the other.
    """
    disk = backups.get(conn, project_id, disk_id, held=True)
    if disk is None:
        return False
    top = backups.get(conn, project_id, disk.parent_id or disk.id, held=True, lock=True)
    if top is None:
        return False
    if top.held_at is not None:
        return backups.has_dependents(conn, project_id, disk_id)
    return top.status in STANDING


def finish(ctx: JobContext, operation: OperationLog, disks: list[Backup]) -> None:
    """Wait until all Cinder backups are available, telling the progress; write down what each has become.

    Raises Cancelled; CloudError; JobError 9910 when one ends in an error, with Cinder's reason.
    """
    project = ctx.cloud.project(operation.project_id)
    whole = sum(disk.resource_size for disk in disks) or 1

    def is_done(disk: Backup) -> bool:
        assert disk.cinder_backup_id is not None, "start() has written it"
        copy = project.get_backup(disk.cinder_backup_id)
        if copy.status.startswith("error"):
            asked = f" ({copy.request_id})" if copy.request_id else ""
            raise JobError(
                "9910",
                f"Cinder's backup {copy.id} of volume {disk.resource_id} ended in status"
                f" {copy.status}{asked}: {copy.fail_reason or 'no reason given'}",
            )
        if copy.status != "available":
            return False
        _note_copy(ctx, project, disk, copy)
        return True

    def tell(unfinished: Sequence[Backup]) -> None:
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


def _note_copy(ctx: JobContext, project: ProjectCloud, disk: Backup, copy: VolumeBackup) -> None:
    full_count = _full_object_count(ctx, project, disk) if copy.is_incremental else None
    size = stored_mb(
        size_gb=copy.size_gb,
        is_incremental=copy.is_incremental,
        object_count=copy.object_count,
        full_object_count=full_count,
    )
    changes: dict[str, Any] = {} if copy.is_incremental else {"based_on": None}
    with ctx.database.write() as conn:
        backups.update(
            conn,
            disk.project_id,
            disk.id,
            stored_mb=size,
            is_incremental=copy.is_incremental,
            updated_at=ctx.clock.now(),
            **changes,
        )


def export(ctx: JobContext, disk: Backup) -> Document | None:
    """Read Cinder's export record of a finished copy, None when it is refused; note the true parent in it.

    Cinder chooses the parent of an incremental itself and tells nowhere else which: where two vaults share a
    volume, or a tenant makes backups too, it may be another than the one we saw.
    """
    assert disk.cinder_backup_id is not None, "the copy is made"
    project = ctx.cloud.project(disk.project_id)
    try:
        document = project.export_record(disk.cinder_backup_id, f"export/{disk.resource_id}")
    except (Denied, NotFound):
        return None
    inside = exported(document.body) or {}
    if "parent_id" in inside:
        with ctx.database.write() as conn:
            true_one = backups.of_object(
                conn, disk.project_id, disk.resource_id, str(inside["parent_id"] or "")
            )
            based_on = None if true_one is None else true_one.id
            if based_on != disk.based_on:
                now = ctx.clock.now()
                backups.update(conn, disk.project_id, disk.id, based_on=based_on, updated_at=now)
    return document


def _full_object_count(ctx: JobContext, project: ProjectCloud, disk: Backup) -> int | None:
    """Return how many objects the full backup at the root of this chain has; None when it cannot be told."""
    with ctx.database.read() as conn:
        row: Backup | None = backups.get(conn, disk.project_id, disk.id, held=True)
        while row is not None and row.based_on is not None:
            row = backups.get(conn, row.project_id, row.based_on, held=True)
    if row is None or row.id == disk.id or row.cinder_backup_id is None:
        return None
    try:
        return project.get_backup(row.cinder_backup_id).object_count
    except NotFound:
        return None
