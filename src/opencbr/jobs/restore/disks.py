"""The disks of a restore: taken off their server, written over by Cinder, and put back as they were.

The root disk of a server is never taken off, Nova does not do it: its status is set to `available` while Cinder writes over
it, and back (`docs/adr/0014-restore-in-place.md`). The server is shut off and locked for that time.
"""

from collections.abc import Sequence
from functools import partial

from opencbr.cloud.errors import Denied, NotFound, Refused
from opencbr.cloud.objects import Attachment
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_ERROR, CINDER_IN_USE, CINDER_RESTORING
from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.restore.parameters import reach, standing
from opencbr.jobs.upstream.mover import is_mover_down
from opencbr.jobs.upstream.reconcile import Act, Look, reconcile
from opencbr.model.errors import DISK_UNRESTORABLE, UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import ACCEPTED, BEGUN, RESTORED, DiskToRestore, FoundDisk, request_of, stage_of
from opencbr.store import disk_backups, operation_logs

BEGIN, END = 25, 90
"""Progress in percent when Cinder begins to write and when it has ended."""

_ATTEMPTS = 3
"""Restores of one disk asked for in a row: cinder-backup may go away while it writes."""
_SECONDS_PER_GB = 60.0
"""So long Cinder may write a GB before it is thought to stand still: nothing of it is to be seen."""


class RestoredDisks:
    """Brings the disks of one restore into the states that it needs; all may be repeated. Raises CloudError, JobError, Lost."""

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project = ctx.cloud.project(operation.project_id)
        self._servers = ctx.cloud.servers(operation.project_id)
        sizes = [disk.size_gb for disk in request_of(operation.parameters).disks]
        self._copying_seconds = max(sizes) * _SECONDS_PER_GB

    def detach(self, server_id: str, disks: Sequence[FoundDisk]) -> None:
        """Take the disks but the root disk off their server."""
        self._reconcile(
            {d.volume_id: partial(self._detached, server_id, d.volume_id) for d in disks if not d.is_root}
        )

    def give_back(self, server_id: str, disks: Sequence[FoundDisk]) -> None:
        """Put the disks back on their server, in the sequence of their devices; the server is unlocked."""
        self._reconcile(
            {
                disk.volume_id: partial(self._in_use, disk.volume_id)
                if disk.is_root
                else partial(self._attached, server_id, disk)
                for disk in disks
            }
        )

    def set_free(self, volume_id: str) -> None:
        """Leave no volume in the error of a restore that failed; one without a server is available then."""
        self._reconcile({volume_id: partial(self._freed, volume_id)})

    def restore(self, disks: Sequence[DiskToRestore], root_id: str | None) -> None:
        """Have Cinder write the backups over the disks, all at once, telling the progress."""
        whole = sum(disk.size_gb for disk in disks) or 1
        sizes = {_name(disk.volume_id): disk.size_gb for disk in disks}

        def tell(unfinished: Sequence[str]) -> None:
            done = whole - sum(sizes[one] for one in unfinished)
            with self._ctx.database.write() as conn:
                progress = BEGIN + (END - BEGIN) * done // whole
                now = self._ctx.clock.now()
                operation_logs.advance(conn, self._operation.id, progress, "restore", now=now)

        looks: dict[str, Look] = {
            _name(disk.volume_id): _Writing(
                self._ctx, self._operation, disk, is_root=disk.volume_id == root_id
            )
            for disk in disks
        }
        reconcile(
            self._ctx,
            self._operation,
            looks,
            copying_seconds=self._copying_seconds,
            is_excused=lambda: is_mover_down(self._ctx),
            told=tell,
        )

    def _reconcile(self, looks: dict[str, Look]) -> None:
        named = {_name(volume_id): look for volume_id, look in looks.items()}
        # A disk may still be written over when another one has failed.
        reconcile(self._ctx, self._operation, named, copying_seconds=self._copying_seconds)

    def _detached(self, server_id: str, volume_id: str) -> Act | str | None:
        volume = self._project.get_volume(volume_id)
        if volume.status == CINDER_IN_USE and server_id in volume.server_ids:
            return partial(self._servers.detach, server_id, volume_id)
        return None if not volume.server_ids and volume.status == CINDER_AVAILABLE else volume.status

    def _attached(self, server_id: str, disk: FoundDisk) -> Act | str | None:
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
        return self._out_of_error(volume.status, disk.volume_id, CINDER_AVAILABLE)

    def _in_use(self, volume_id: str) -> Act | str | None:
        status = self._project.get_volume(volume_id).status
        if status == CINDER_IN_USE:
            return None
        if status == CINDER_AVAILABLE:
            return partial(self._ctx.cloud.set_volume_status, volume_id, CINDER_IN_USE)
        return self._out_of_error(status, volume_id, CINDER_IN_USE)

    def _freed(self, volume_id: str) -> Act | str | None:
        status = self._project.get_volume(volume_id).status
        if status == CINDER_RESTORING or status.startswith(CINDER_ERROR):
            return self._out_of_error(status, volume_id, CINDER_AVAILABLE)
        return None

    def _out_of_error(self, status: str, volume_id: str, wanted: str) -> Act | str:
        """Take a volume out of the error in which Cinder leaves it when a restore fails; else wait in its status."""
        if status.startswith(CINDER_ERROR):
            return partial(self._ctx.cloud.set_volume_status, volume_id, wanted)
        return status


class _Writing:
    """Has Cinder write one backup over its disk. How far it is stands in the job's parameters, before it is so."""

    def __init__(
        self, ctx: JobContext, operation: OperationLog, disk: DiskToRestore, *, is_root: bool
    ) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project = ctx.cloud.project(operation.project_id)
        self._disk = disk
        self._is_root = is_root
        self._attempts = 0

    def __call__(self) -> Act | str | None:
        """Look at the disk, and say what it needs."""
        stage = stage_of(standing(self._ctx, self._operation), self._disk.volume_id)
        if stage == RESTORED:
            return None
        volume = self._project.get_volume(self._disk.volume_id)
        if volume.status == CINDER_RESTORING:
            return volume.status
        if volume.status.startswith(CINDER_ERROR):
            return self._again(volume.status)
        if stage == ACCEPTED:
            # Whoever has attached it meanwhile could do so only after its end.
            reach(self._ctx, self._operation, self._disk.volume_id, RESTORED)
            return None
        if volume.status == CINDER_AVAILABLE:
            return self._ask
        if self._is_root and volume.status == CINDER_IN_USE:
            return partial(self._ctx.cloud.set_volume_status, self._disk.volume_id, CINDER_AVAILABLE)
        raise JobError(
            DISK_UNRESTORABLE,
            f"volume {self._disk.volume_id} is {volume.status} ({volume.request_id}) and cannot be written over",
        )

    def _ask(self) -> None:
        volume_id = self._disk.volume_id
        before = stage_of(standing(self._ctx, self._operation), volume_id)
        reach(self._ctx, self._operation, volume_id, BEGUN)
        try:
            self._project.restore_backup(self._cinder_backup_id(), volume_id)
        except (Denied, NotFound, Refused):
            reach(self._ctx, self._operation, volume_id, before)
            raise
        reach(self._ctx, self._operation, volume_id, ACCEPTED)

    def _again(self, status: str) -> Act:
        self._attempts += 1
        if self._attempts >= _ATTEMPTS:
            raise JobError(UNEXPECTED, self._failure(status))
        return self._take_back

    def _take_back(self) -> None:
        # The stage goes back first: a volume that is available after ACCEPTED would be taken for restored.
        reach(self._ctx, self._operation, self._disk.volume_id, BEGUN)
        self._ctx.cloud.set_volume_status(self._disk.volume_id, CINDER_AVAILABLE)

    def _failure(self, status: str) -> str:
        backup = self._project.get_backup(self._cinder_backup_id())
        asked = f" ({backup.request_id})" if backup.request_id else ""
        return (
            f"Cinder's restore of backup {backup.id} over volume {self._disk.volume_id} ended in status {status}"
            f"{asked} {self._attempts} times: {backup.fail_reason or 'no reason given'}"
        )

    def _cinder_backup_id(self) -> str:
        with self._ctx.database.read() as conn:
            row = disk_backups.get(conn, self._operation.project_id, self._disk.backup_id)
        assert row is not None, "a backup that is being restored is not deleted"
        assert row.cinder_backup_id is not None, "a finished backup has its object"
        return row.cinder_backup_id


def _name(volume_id: str) -> str:
    return f"volume {volume_id}"
