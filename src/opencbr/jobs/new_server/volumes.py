"""The disks of a new server: new volumes that Cinder writes the backups into, all side by side."""

from functools import partial

from opencbr.cloud.statuses import CINDER_AVAILABLE
from opencbr.jobs.context import parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.upstream import writing
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.jobs.upstream.volumes import await_volumes
from opencbr.model.errors import UNEXPECTED
from opencbr.model.restore import DiskToRestore
from opencbr.model.restore_plan.blueprint import NewVolume

BEGIN, END = 30, 80
"""Progress in percent when Cinder begins to write and when it has ended."""


def make_volumes(parts: Parts) -> None:
    """Make the volumes, empty, and wait until they stand. Raises CloudError, Cancelled, JobError."""
    await_volumes(parts.ctx, parts.operation, parallel(partial(_make_one, parts), parts.blueprint.volumes))


def _make_one(parts: Parts, volume: NewVolume) -> str:
    def create(name: str) -> str:
        zone = volume.availability_zone
        made = parts.home.create_volume(
            name, volume.size_gb, volume_type=volume.type_id, availability_zone=zone
        )
        return made.id

    return parts.make("volume", volume.key, create, volume.size_gb, at_home=True)


def write_backups(parts: Parts) -> None:
    """Have Cinder write the backups into the volumes, telling the progress."""
    ctx, operation, ids = parts.ctx, parts.operation, parts.ids("volume")
    disks = [
        DiskToRestore(backup_id=one.backup_id, volume_id=ids[one.key], size_gb=one.size_gb)
        for one in parts.blueprint.volumes
    ]
    heed = partial(stop_if_cancelled, ctx, operation.id)
    writing.write_backups(ctx, operation, disks, progress=(BEGIN, END), heed=heed)


def describe_volumes(parts: Parts) -> None:
    """Give the volumes their metadata, and say from which a server boots; Nova asks for that before it boots."""
    ids = parts.ids("volume")
    parallel(lambda one: _describe(parts, one, ids[one.key]), parts.blueprint.volumes)


def _describe(parts: Parts, volume: NewVolume, volume_id: str) -> None:
    parts.ctx.guard()
    parts.project.set_volume_metadata(volume_id, volume.metadata)
    if volume.image_metadata:
        parts.project.set_image_metadata(volume_id, volume.image_metadata)
    if volume.bootable:
        parts.project.set_bootable(volume_id, bootable=True)
    status = parts.project.get_volume(volume_id).status
    if status not in (CINDER_AVAILABLE, "in-use"):
        raise JobError(UNEXPECTED, f"volume {volume_id} is {status} after it was restored")
