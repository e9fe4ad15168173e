"""Snapshots of all disks: asked for at once, so that they lie in one short window; removed at the end."""

from http import HTTPStatus

from opencbr.cloud.errors import Refused
from opencbr.jobs.failures import JobError
from opencbr.jobs.kit import Kit, parallel
from opencbr.jobs.names import snapshot_name
from opencbr.jobs.upstream import make, planned, remove
from opencbr.jobs.watch import wait
from opencbr.model.backup import Backup
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, ledger


def take(kit: Kit, order: OperationLog, disks: list[Backup]) -> None:
    """Snapshot all disks and wait until each is available.

    One whose Cinder backup is made needs none any more: a job that begins anew may come here again.
    Raises Cancelled; CloudError; JobError 8300 when the project's quota is used up, 7203 when a snapshot ends
    in an error.
    """
    disks = [disk for disk in disks if disk.cinder_backup_id is None]
    made = dict(
        zip(
            [disk.id for disk in disks],
            parallel(lambda disk: _take_one(kit, order, disk), disks),
            strict=True,
        )
    )
    with kit.database.write() as conn:
        for disk in disks:
            info = {**disk.extend_info, "snapshot_id": made[disk.id]}
            backups.update(conn, disk.project_id, disk.id, extend_info=info, updated_at=kit.clock.now())
    project = kit.cloud.project(order.project_id)

    def is_ready(disk: Backup) -> bool:
        snapshot = project.get_snapshot(made[disk.id])
        if snapshot.status.startswith("error"):
            raise JobError(
                "7203",
                f"snapshot {snapshot.id} of volume {disk.resource_id} ended in status {snapshot.status}",
            )
        return snapshot.status == "available"

    wait(
        kit,
        disks,
        is_ready,
        timeout_seconds=kit.settings.backup_timeout_seconds,
        what="a snapshot",
        log_id=order.id,
    )


def _take_one(kit: Kit, order: OperationLog, disk: Backup) -> str:
    project = kit.cloud.project(order.project_id)
    name = snapshot_name(kit.installation, disk.id)
    entry = planned(
        kit,
        kind="snapshot",
        name=name,
        project_id=order.project_id,
        log_id=order.id,
        volume_id=disk.resource_id,
        backup_id=disk.id,
    )

    def find() -> str | None:
        found = project.find_snapshot(name, disk.resource_id)
        return None if found is None else found.id

    def create() -> str:
        description = f"for backup {disk.parent_id or disk.id}; removed when it is done"
        return project.create_snapshot(disk.resource_id, name, description, {"opencbr": kit.installation}).id

    try:
        return make(kit, entry, find, create)
    except Refused as error:
        if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # how Cinder says that a quota is used up
            raise JobError("8300", str(error)) from error
        raise


def release(kit: Kit, order: OperationLog) -> list[str]:
    """Remove the snapshots of this job; return what could not be removed, in words.

    The backup is good all the same.
    """
    with kit.database.read() as conn:
        entries = [entry for entry in ledger.of_log(conn, order.id) if entry.kind == "snapshot"]
    return [
        f"snapshot {done.entry.upstream_id or done.entry.name}: {done.reason}"
        for done in remove(kit, entries, doubts=False)
        if done.reason
    ]
