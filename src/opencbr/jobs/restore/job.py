"""The restore job: the server shut off and locked, its disks written over, all given back as it was.

What it found stands in the log's parameters before it changes anything; each later step looks at the cloud and does what is
still to be done. The snapshots of the way back come before the first byte.
"""

from functools import partial

from sqlalchemy import Connection

from opencbr.cloud.errors import NotFound
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_IN_USE
from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.failures import JobError
from opencbr.jobs.in_place.disks import BEGIN, END
from opencbr.jobs.in_place.flow import InPlace
from opencbr.jobs.in_place.look import look_at_server
from opencbr.jobs.parameters import change
from opencbr.jobs.restore import way_back
from opencbr.jobs.restore.report import told_report
from opencbr.jobs.restore.rows import give_back_rows
from opencbr.jobs.restored_backup import take_backups
from opencbr.jobs.upstream.mover import await_mover
from opencbr.jobs.upstream.polling import stop_if_cancelled
from opencbr.jobs.upstream.root_copies import copy_backup
from opencbr.jobs.upstream.server_images import IMAGE_ACTIVE
from opencbr.jobs.upstream.writing import write_backups
from opencbr.model import statuses
from opencbr.model.errors import BACKUP_UNRESTORABLE, DISK_TOO_SMALL, DISK_UNRESTORABLE, NOT_ATTACHED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import FoundServer, RestoreRequest, request_of, with_found
from opencbr.store import operation_logs

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_restore(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Restore the backup that `operation` names over what its parameters name."""
    flow = _Flow(ctx, operation)
    job.step("begin", flow.begin)
    # A job from before images has returned nothing here.
    has_image = bool(job.step("look", flow.look))
    if has_image and job.patched("root copy"):
        job.step("copy", flow.copy)
    job.step("stop", flow.stop)
    job.step("detach", flow.detach)
    job.step("snapshots", flow.snapshots)
    job.step("restore", flow.restore)
    if has_image and job.patched("root image"):
        job.step("rebuild", flow.rebuild)
    job.step("attach", flow.attach)
    job.step("start", flow.start)
    job.step("close", flow.close)


class _Flow(InPlace):
    """The steps of a restore."""

    def begin(self) -> None:
        take_backups(self._ctx, self._operation)

    def look(self) -> bool:
        """Write down how the server and its disks are, and refuse what has changed since the request.

        Return whether Nova writes its root disk anew from an image.
        """
        heeds = way_back.may_stop(self._ctx, self._operation)
        await_mover(self._ctx, self._operation, "the restore goes on when it is up again", cancellable=heeds)
        if self._found() is None and not self._is_written():
            request = self._request()
            if request.root_image_id is not None:
                _refuse_unusable(self._ctx, self._project_id, request.root_image_id)
            wanted = CINDER_IN_USE if request.server_id else CINDER_AVAILABLE
            sizes = [
                _refuse_unfit(self._ctx, self._project_id, disk.volume_id, disk.size_gb, wanted)
                for disk in request.disks
            ]
            way_back.refuse_no_room(self._ctx, self._operation, sizes)
            if request.server_id is not None:
                found = _found_server(self._ctx, self._project_id, request.server_id, request)
                self._keep_metadata(found)
                change(self._ctx, self._operation, lambda parameters: with_found(parameters, found))
        self._advance(5, "look")
        return self._is_imaged()

    def copy(self) -> None:
        self._copy_root(self._request().disks, partial(copy_backup, heed=self._heed))

    def stop(self) -> None:
        self._heed()
        super().stop()

    def detach(self) -> None:
        self._heed()
        super().detach()

    def snapshots(self) -> None:
        if not self._is_written():
            way_back.take(self._ctx, self._operation, self._request())
        self._advance(BEGIN, "snapshots")

    def restore(self) -> None:
        disks, root = self._by_cinder(self._request().disks), self._root_id()
        # Cancelled means undone while Cinder writes: without a way back it is too late (`way_back.may_stop`).
        heed = self._stop if way_back.is_taken(self._ctx, self._operation) else lambda: None
        write_backups(self._ctx, self._operation, disks, progress=(BEGIN, END), root_id=root, heed=heed)
        self._advance(END, "restore")

    def close(self) -> None:
        told = told_report(self._ctx, self._operation)

        def write(conn: Connection) -> None:
            give_back_rows(self._ctx, conn, self._operation)
            details = details_at_end(conn, self._operation, ()) | told
            now = self._ctx.clock.now()
            operation_logs.finish(conn, self._operation.id, statuses.SUCCESS, now=now, details=details)

        self._ctx.database.transact(write)

    def _heed(self) -> None:
        """Raise Cancelled when somebody asked for that, and it is not too late: also in a job that begins anew."""
        if way_back.may_stop(self._ctx, self._operation):
            self._stop()

    def _stop(self) -> None:
        stop_if_cancelled(self._ctx, self._operation.id)

    def _is_to_run(self) -> bool:
        return self._request().power_on

    def _request(self) -> RestoreRequest:
        return request_of(self._operation.parameters)


def _refuse_unusable(ctx: JobContext, project_id: str, image_id: str) -> None:
    """Raise JobError 2005 for the image of a backup that is gone or has no bytes."""
    try:
        image = ctx.cloud.project(project_id).images.get(image_id)
    except NotFound as error:
        raise JobError(BACKUP_UNRESTORABLE, f"image {image_id} of the root disk is gone ({error})") from error
    if image.status != IMAGE_ACTIVE:
        raise JobError(
            BACKUP_UNRESTORABLE,
            f"image {image_id} of the root disk is {image.status} ({image.request_id}), not {IMAGE_ACTIVE}",
        )


def _refuse_unfit(ctx: JobContext, project_id: str, volume_id: str, size_gb: int, wanted: str) -> int:
    """Return the size of a volume in GiB. Raises JobError 2011 for one in another status, 2001 for one that is too small."""
    volume = ctx.cloud.project(project_id).get_volume(volume_id)
    if volume.status != wanted:
        raise JobError(
            DISK_UNRESTORABLE,
            f"volume {volume_id} is {volume.status} ({volume.request_id}): a restore wants it {wanted}",
        )
    if volume.size_gb < size_gb:
        raise JobError(
            DISK_TOO_SMALL, f"volume {volume_id} has {volume.size_gb} GiB, and its backup {size_gb} GiB"
        )
    return volume.size_gb


def _found_server(ctx: JobContext, project_id: str, server_id: str, request: RestoreRequest) -> FoundServer:
    """Read how the server is. Raises as `look_at_server`, and JobError 7201 when a disk is no longer on it."""
    volumes = [disk.volume_id for disk in request.disks]
    found = look_at_server(ctx, project_id, server_id, volumes)
    on_it = {disk.volume_id for disk in found.disks}
    if gone := [volume_id for volume_id in volumes if volume_id not in on_it]:
        raise JobError(NOT_ATTACHED, f"volume {gone[0]} is not attached to server {server_id} any more")
    return found
