"""The disks that are written over: taken off their server, and put back as they were.

The root disk of a server is never taken off, Nova does not do it: its status is set to `available` while Cinder writes over
it, and back (`docs/adr/0014-restore-in-place.md`). The server is shut off and locked for that time.
"""

from collections.abc import Sequence
from functools import partial

from opencbr.cloud.objects import Attachment, Server, Volume
from opencbr.cloud.statuses import (
    CINDER_AVAILABLE,
    CINDER_ERROR,
    CINDER_IN_USE,
    CINDER_RESTORING,
    CINDER_REVERTING,
)
from opencbr.jobs.context import JobContext
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.overwriting import copying_seconds, name_of
from opencbr.jobs.upstream.reconcile import Act, Look, reconcile
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import FoundDisk, rebuilt_root_of, sizes_of

BEGIN, END = 25, 90
"""Progress in percent when Cinder begins to write and when it has ended."""


class DisksInPlace:
    """Brings the disks of one job into the states that it needs; all may be repeated. Raises CloudError, JobError, Lost."""

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project = ctx.cloud.project(operation.project_id)
        self._servers = ctx.cloud.servers(operation.project_id)
        self._copying_seconds = copying_seconds([*sizes_of(operation.parameters).values()])

    def detach(self, server_id: str, disks: Sequence[FoundDisk]) -> None:
        """Take the disks but the root disk off their server."""
        self._reconcile(
            {d.volume_id: partial(self._detached, server_id, d.volume_id) for d in disks if not d.is_root}
        )

    def give_back(self, server_id: str, disks: Sequence[FoundDisk]) -> None:
        """Put the disks back on their server, in the sequence of their devices; the server is unlocked."""
        self._reconcile({disk.volume_id: self._given_back(server_id, disk) for disk in disks})

    def _given_back(self, server_id: str, disk: FoundDisk) -> Look:
        if disk.volume_id == rebuilt_root_of(self._operation.parameters):
            return partial(self._left_by_nova, server_id, disk.volume_id)
        if disk.is_root:
            return partial(self._in_use, disk.volume_id)
        return partial(self._attached, server_id, disk)

    def set_free(self) -> None:
        """Leave no volume in the error of a write that failed; those without a server are available then."""
        volumes = sizes_of(self._operation.parameters)
        self._reconcile({volume_id: partial(self._freed, volume_id) for volume_id in volumes})

    def _reconcile(self, looks: dict[str, Look]) -> None:
        named = {name_of(volume_id): look for volume_id, look in looks.items()}
        # A disk may still be written over when another one has failed.
        reconcile(self._ctx, self._operation, named, copying_seconds=self._copying_seconds)

    def _detached(self, server_id: str, volume_id: str) -> Act | Volume | None:
        volume = self._project.get_volume(volume_id)
        if volume.status == CINDER_IN_USE and server_id in volume.server_ids:
            return partial(self._servers.detach, server_id, volume_id)
        # One that an earlier write has left in an error is free as well: the next write sets that straight.
        is_free = volume.status == CINDER_AVAILABLE or volume.status.startswith(CINDER_ERROR)
        return None if not volume.server_ids and is_free else volume

    def _attached(self, server_id: str, disk: FoundDisk) -> Act | Volume | None:
        volume = self._project.get_volume(disk.volume_id)
        if volume.status == CINDER_IN_USE and server_id in volume.server_ids:
            return None
        if volume.status == CINDER_AVAILABLE and not volume.server_ids:
            wanted = Attachment(
                volume_id=disk.volume_id,
                device=disk.device,
                tag=disk.tag,
                delete_on_termination=disk.delete_on_termination,
            )
            return partial(self._servers.attach, server_id, wanted)
        return self._out_of_error(volume, CINDER_AVAILABLE)

    def _in_use(self, volume_id: str) -> Act | Volume | None:
        volume = self._project.get_volume(volume_id)
        # One that is on no server any more is free: in use by nobody it would be nobody's for good.
        if volume.status == CINDER_IN_USE or (volume.status == CINDER_AVAILABLE and not volume.server_ids):
            return None
        if volume.status == CINDER_AVAILABLE:
            return partial(self._ctx.cloud.set_volume_status, volume_id, CINDER_IN_USE)
        return self._out_of_error(volume, CINDER_IN_USE)

    def _left_by_nova(self, server_id: str, volume_id: str) -> Server | None:
        """Wait until Nova has ended its work on a root volume that it writes over; the status of that is nobody's to set."""
        volume, server = self._project.get_volume(volume_id), self._servers.get(server_id)
        if volume.status == CINDER_IN_USE:
            return None
        if server.task_state:
            return server
        self._tell(volume, CINDER_IN_USE)
        return None

    def _freed(self, volume_id: str) -> Act | Volume | None:
        volume = self._project.get_volume(volume_id)
        is_written = volume.status in (CINDER_RESTORING, CINDER_REVERTING)
        if is_written or volume.status.startswith(CINDER_ERROR):
            return self._out_of_error(volume, CINDER_AVAILABLE)
        return None

    def _out_of_error(self, volume: Volume, wanted: str) -> Act | Volume | None:
        """Take a volume out of the error in which Cinder leaves it when a restore fails; else wait for it.

        Where the service user may not, nobody can do anything for it here: that is told.
        """
        if not volume.status.startswith(CINDER_ERROR):
            return volume
        if self._ctx.cloud.reader().sets_volume_status():
            return partial(self._ctx.cloud.set_volume_status, volume.id, wanted)
        self._tell(volume, wanted)
        return None

    def _tell(self, volume: Volume, wanted: str) -> None:
        sentence = (
            f"volume {volume.id} is {volume.status}, and only an administrator takes it out of that: openstack volume set "
            f"--state {wanted} {volume.id}"
        )
        note(self._ctx, self._operation, sentence)
