"""What is known of a disk since a restore has written over it: whether it may have been written again."""

from dataclasses import dataclass

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import NotFound
from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import NOVA_SHUTOFF
from opencbr.jobs.undo.obstacles import refuse_lost_image
from opencbr.model import statuses
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import request_of, sizes_of
from opencbr.model.way_back import DiskToRevert
from opencbr.service.kept_way_back import WayBack
from opencbr.store.ledger import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDisk:
    """A disk that can be taken back: what is known of its time since the restore, and what stands against it."""

    disk: DiskToRevert
    may_be_written: bool
    known: str
    problem: CbrError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """A root disk that is no volume, and can be taken back to the image of what it held; otherwise as ShownDisk."""

    image_id: str
    may_be_written: bool
    known: str
    problem: CbrError | None


def disk_of(project: ProjectCloud, restore: OperationLog, entry: Entry) -> DiskToRevert:
    """Give the disk of a kept snapshot; of a snapshot that is gone the size of the backup stands in."""
    assert entry.volume_id is not None, "a snapshot is of a volume"
    assert entry.upstream_id is not None, "nothing is written over before its snapshot stands"
    try:
        size = project.get_snapshot(entry.upstream_id).size_gb
    except NotFound:
        size = sizes_of(restore.parameters)[entry.volume_id]
    return DiskToRevert(snapshot_id=entry.upstream_id, volume_id=entry.volume_id, size_gb=size)


def shown_image(project: ProjectCloud, way_back: WayBack, server: Server | None) -> ShownImage | None:
    """Say what is known of a root disk that is no volume; None where none can be taken back. Raises CloudError."""
    if way_back.image is None:
        return None
    image_id = way_back.image.upstream_id or ""
    problem = None
    try:
        refuse_lost_image(project, image_id)
    except CbrError as error:
        problem = error
    may_be_written, known = (
        _server_since(way_back.restore, server) if server else (False, "the server is gone")
    )
    return ShownImage(image_id=image_id, may_be_written=may_be_written, known=known, problem=problem)


def written_since(
    project: ProjectCloud, restore: OperationLog, disk: DiskToRevert, server: Server | None
) -> tuple[bool, str]:
    """Say whether a disk may have been written since the restore, and what is known of it."""
    try:
        attached = project.get_volume(disk.volume_id).server_ids
    except NotFound:
        return False, "the disk is gone"
    if not attached:
        return False, "it is on no server"
    if server is None or server.id not in attached:
        return True, f"it is on server {attached[0]}"
    return _server_since(restore, server)


def _server_since(restore: OperationLog, server: Server) -> tuple[bool, str]:
    if server.status != NOVA_SHUTOFF:
        return True, f"it is on server {server.id}, which is {server.status}"
    if restore.status == statuses.SUCCESS and request_of(restore.parameters).power_on:
        return True, f"it is on server {server.id}, which the restore has started, and which is shut off now"
    return (
        False,
        f"it is on server {server.id}, which the restore has left shut off, and which is shut off now",
    )
