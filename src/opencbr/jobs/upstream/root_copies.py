"""What is to be written over a root volume, as an image: a server is rebuilt from nothing else.

Cinder fills a volume, with a backup or from a snapshot, and makes the image of it. Both stand in the ledger under the root
volume's id until that is written; the server is not touched meanwhile.
"""

from collections.abc import Callable, Mapping

from opencbr.cloud.errors import NotFound
from opencbr.cloud.objects import Image, Volume
from opencbr.cloud.project import ProjectCloud
from opencbr.cloud.statuses import CINDER_UPLOADING
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.parameters import standing
from opencbr.jobs.upstream.names import prefix, properties
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.overwriting import copying_seconds
from opencbr.jobs.upstream.polling import Awaited, wait
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.jobs.upstream.server_images import IMAGE_ACTIVE
from opencbr.jobs.upstream.volumes import await_volumes
from opencbr.jobs.upstream.writing import write_backups
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import COPIES, IMAGE_METADATA, DiskToRestore
from opencbr.model.way_back import DiskToRevert
from opencbr.store import ledger

STEP = "copy"
_BEGIN, _END = 5, 9
_OF_THE_IMAGE = frozenset(
    {"checksum", "container_format", "disk_format", "image_id", "image_name", "min_disk", "min_ram", "size"}
    | {"signature_verified"}
)
"""What a volume keeps of the image it was made from and an image made of it has anew."""


def copy_backup(
    ctx: JobContext, operation: OperationLog, disk: DiskToRestore, *, heed: Callable[[], None]
) -> None:
    """Make the image of a root volume's backup. Raises CloudError, JobError, Lost, and while Cinder writes what `heed` does."""
    project = ctx.cloud.project(operation.project_id)
    root = project.get_volume(disk.volume_id)

    def create(name: str) -> Volume:
        zone = root.availability_zone
        return project.create_volume(name, disk.size_gb, volume_type=root.volume_type, availability_zone=zone)

    def fill(volume_id: str) -> None:
        copy = DiskToRestore(backup_id=disk.backup_id, volume_id=volume_id, size_gb=disk.size_gb)
        write_backups(
            ctx,
            operation,
            [copy],
            step=STEP,
            progress=(_BEGIN, _END),
            writing=COPIES,
            heed=heed,
        )

    _copy(ctx, operation, disk, create, fill)


def copy_snapshot(ctx: JobContext, operation: OperationLog, disk: DiskToRevert) -> None:
    """Make the image of a root volume's snapshot. Raises as `copy_backup`."""
    project = ctx.cloud.project(operation.project_id)

    def create(name: str) -> Volume:
        return project.create_volume(name, disk.size_gb, snapshot_id=disk.snapshot_id)

    _copy(ctx, operation, disk, create, lambda _: None)


def image_of(ctx: JobContext, operation: OperationLog, root_id: str) -> str:
    """Give the id of the image that was made, "" of one that is removed again."""
    with ctx.database.read() as conn:
        entry = ledger.get(conn, operation.id, "image", root_id)
    return (entry.upstream_id if entry else None) or ""


def remove_copies(ctx: JobContext, operation: OperationLog, root_id: str) -> list[str]:
    """Remove image and volume; return what stays, in words: it is the janitor's."""
    return _remove(ctx, operation, root_id, ("image", "volume"))


def give_metadata_back(ctx: JobContext, operation: OperationLog, root_id: str) -> None:
    """Let the root volume keep of its image what it kept before: a rebuild has put that of the copy there."""
    project = ctx.cloud.project(operation.project_id)
    kept: Mapping[str, str] = standing(ctx, operation).get(IMAGE_METADATA, {})
    now = project.get_volume(root_id).image_metadata
    for name in now.keys() - kept.keys():
        ctx.guard()
        try:
            project.unset_image_metadata(root_id, name)
        except NotFound:
            continue  # an earlier attempt has done it
    if kept.items() - now.items():
        ctx.guard()
        project.set_image_metadata(root_id, kept)


def _copy(
    ctx: JobContext,
    operation: OperationLog,
    disk: DiskToRestore | DiskToRevert,
    create: Callable[[str], Volume],
    fill: Callable[[str], None],
) -> None:
    project, root_id, size = ctx.cloud.project(operation.project_id), disk.volume_id, disk.size_gb
    volume = planned(ctx, operation, "volume", root_id)
    image_id = image_of(ctx, operation, root_id)
    if not image_id:
        volume_id = make(ctx, volume, lambda: create(volume.name).id, size)
        await_volumes(ctx, operation, [volume_id])
        fill(volume_id)
        image_id = _upload(ctx, operation, root_id, volume_id)
    copying = copying_seconds([size])
    waited = Awaited(image_id, "image", image_id, copying_seconds=copying)
    wait(ctx, operation, [waited], lambda _: _look(project, volume.name, image_id))
    _remove(ctx, operation, root_id, ("volume",))


def _upload(ctx: JobContext, operation: OperationLog, root_id: str, volume_id: str) -> str:
    """Begin to make the image, with what the server's root volume says of its hardware: a rebuild goes by the image."""
    project = ctx.cloud.project(operation.project_id)
    kept = standing(ctx, operation).get(IMAGE_METADATA, {})
    told = {name: value for name, value in kept.items() if name not in _OF_THE_IMAGE}
    ctx.guard()
    project.set_image_metadata(volume_id, told | properties(prefix(ctx.installation)))
    entry = planned(ctx, operation, "image", root_id)
    return make(ctx, entry, lambda: project.upload_image(volume_id, entry.name))


def _look(project: ProjectCloud, volume_name: str, image_id: str) -> Image | None:
    """Show an image that is being made, None once it is active."""
    # The volume first: Cinder sets the image active before it leaves the volume.
    volume = project.find_volume(volume_name)
    is_at_work = volume is not None and volume.status == CINDER_UPLOADING
    try:
        image = project.images.get(image_id)
    except NotFound as error:
        raise JobError(UNEXPECTED, f"Cinder has made no image of volume {volume_name}: {error}") from error
    if image.status == IMAGE_ACTIVE:
        return None
    if is_at_work:
        return image
    raise JobError(
        UNEXPECTED,
        f"Cinder has ended its work on volume {volume_name} and left image {image_id} {image.status} ({image.request_id})",
    )


def _remove(ctx: JobContext, operation: OperationLog, root_id: str, kinds: tuple[str, ...]) -> list[str]:
    with ctx.database.read() as conn:
        entries = [ledger.get(conn, operation.id, kind, root_id) for kind in kinds]
    left = remove_briefly(ctx, [one for one in entries if one is not None])
    if left:
        with ctx.database.write() as conn:
            for kind in kinds:
                ledger.leave(conn, operation.id, kind)
    return left
