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
from opencbr.model.restore import is_written, request_of, server_of, sizes_of
from opencbr.model.times import parse_time
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
    """Say whether a disk may have been written since the restore, and what is known of it.

    Where it is now tells nothing of where it has been: no is said only where the restore has started no server, and Nova and
    Cinder have changed nothing since.
    """
    try:
        volume = project.get_volume(disk.volume_id)
    except NotFound:
        return False, "the disk is gone"
    if server is not None and server.id in volume.server_ids:
        may_be_written, known = _server_since(restore, server)
    elif volume.server_ids:
        return True, f"it is on server {volume.server_ids[0]}"
    elif started := _started(restore):
        return True, f"it is on no server now; the restore {started} the one that it was on"
    else:
        may_be_written, known = False, "it is on no server"
    if not may_be_written and _is_after(volume.updated_at, restore):
        return True, f"{known}, but was last changed in Cinder {_when(volume.updated_at)}"
    return may_be_written, known


def _server_since(restore: OperationLog, server: Server) -> tuple[bool, str]:
    if server.status != NOVA_SHUTOFF:
        return True, f"it is on server {server.id}, which is {server.status}"
    if started := _started(restore):
        return True, f"it is on server {server.id}, which the restore {started}, and which is shut off now"
    known = f"it is on server {server.id}, which the restore has left shut off, and which is shut off now"
    if _is_after(server.updated_at, restore):
        return True, f"{known}, but was last changed in Nova {_when(server.updated_at)}: it may have run"
    return False, known


def _started(restore: OperationLog) -> str:
    """Say whether the restore has started the server, "" when it has not."""
    parameters = restore.parameters
    if server_of(parameters) is None or not request_of(parameters).power_on or not is_written(parameters):
        return ""
    return "has started" if restore.status == statuses.SUCCESS else "may have started"


def _is_after(text: str, restore: OperationLog) -> bool:
    """Say whether a time that the cloud tells is after the end of the restore; so is one that nobody can read."""
    try:
        return restore.ended_at is None or parse_time(text) > restore.ended_at
    except ValueError:
        return True


def _when(text: str) -> str:
    return f"at {text}, after the restore" if text else "at a time that is not told"
