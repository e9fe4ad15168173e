"""What stands against taking a disk back to its snapshot, known before anything is touched."""

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import NotFound
from opencbr.cloud.objects import Snapshot, Volume
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR, CINDER_IN_USE
from opencbr.jobs.upstream.server_images import IMAGE_ACTIVE
from opencbr.model.errors import (
    DISK_UNRESTORABLE,
    NO_SUCH_DISK,
    NO_SUCH_SNAPSHOT,
    NOT_ATTACHED,
    SNAPSHOT_STATUS,
    CbrError,
)
from opencbr.model.way_back import DiskToRevert
from opencbr.store import ledger
from opencbr.store.database import Database


def refuse_irreversible(
    database: Database, project: ProjectCloud, disk: DiskToRevert, server_id: str | None
) -> None:
    """Refuse a disk that Cinder does not take back to its snapshot; `server_id` is the server that it is expected on.

    Raises CbrError 7000 (no such disk), 7201 (on another server), 2011 (its status or size, or Cinder cannot), 7202 (the
    snapshot is gone), 7203 (its status, or a newer one); CloudError.
    """
    if not project.can_revert:
        raise CbrError(
            DISK_UNRESTORABLE,
            "This cloud's Cinder does not take volumes back to snapshots: make volumes of the snapshots instead.",
        )
    _refuse_volume(_volume(project, disk.volume_id), disk, server_id)
    snapshots = project.snapshots_of(disk.volume_id)
    ours = next((one for one in snapshots if one.id == disk.snapshot_id), None)
    if ours is None:
        raise CbrError(
            NO_SUCH_SNAPSHOT,
            f"Snapshot {disk.snapshot_id}, which holds what disk {disk.volume_id} held before, was deleted.",
        )
    if ours.status.startswith(CINDER_ERROR):
        raise CbrError(SNAPSHOT_STATUS, f"Snapshot {ours.id} of disk {disk.volume_id} is {ours.status}.")
    newer = [one for one in snapshots if one.created_at > ours.created_at]
    if newer:
        _refuse_newer(database, disk, max(newer, key=lambda one: one.created_at))


def refuse_lost_image(project: ProjectCloud, image_id: str) -> None:
    """Refuse a root disk whose image is gone or has no bytes. Raises CbrError 7202; CloudError."""
    try:
        status = project.images.get(image_id).status
    except NotFound:
        status = "gone"
    if status != IMAGE_ACTIVE:
        raise CbrError(
            NO_SUCH_SNAPSHOT, f"Image {image_id}, which holds what the root disk held before, is {status}."
        )


def _volume(project: ProjectCloud, volume_id: str) -> Volume:
    try:
        return project.get_volume(volume_id)
    except NotFound as error:
        raise CbrError(NO_SUCH_DISK, f"Disk {volume_id}, which was written over, was deleted.") from error


def _refuse_volume(volume: Volume, disk: DiskToRevert, server_id: str | None) -> None:
    if elsewhere := [one for one in volume.server_ids if one != server_id]:
        raise CbrError(
            NOT_ATTACHED, f"Disk {volume.id} is on server {elsewhere[0]} now: detach it there first."
        )
    if volume.status not in (CINDER_AVAILABLE, CINDER_IN_USE) and not volume.status.startswith(CINDER_ERROR):
        raise CbrError(DISK_UNRESTORABLE, f"Disk {volume.id} is {volume.status}: wait until it is at rest.")
    if volume.size_gb != disk.size_gb:
        raise CbrError(
            DISK_UNRESTORABLE,
            f"Disk {volume.id} has grown from {disk.size_gb} to {volume.size_gb} GiB since, and Cinder goes back only to a "
            f"snapshot of the same size: make a volume of snapshot {disk.snapshot_id} to have what it held.",
        )


def _refuse_newer(database: Database, disk: DiskToRevert, newer: Snapshot) -> None:
    with database.read() as conn:
        entry = ledger.named(conn, "snapshot", newer.name)
    whose = (
        f"it is of the operation {entry.operation_log_id}: confirm or undo that first, or wait for its end"
        if entry is not None
        else "delete it first"
    )
    raise CbrError(
        SNAPSHOT_STATUS,
        f"Disk {disk.volume_id} has a newer snapshot, {newer.id} of {newer.created_at}, and Cinder goes back to the newest "
        f"alone: {whose}.",
    )
