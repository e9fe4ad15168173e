"""The steps that all jobs over disks in place have."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeVar

from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.in_place.disks import END, DisksInPlace
from opencbr.jobs.in_place.server import ServerInPlace
from opencbr.jobs.notes import note
from opencbr.jobs.parameters import change, standing
from opencbr.jobs.upstream.rebuilding import rebuild
from opencbr.jobs.upstream.root_copies import give_metadata_back, image_of, remove_copies
from opencbr.model.errors import SERVER_UNRESTORABLE
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import (
    IMAGE_METADATA,
    RESTORED,
    DiskToRestore,
    FoundServer,
    found_of,
    is_written,
    rebuild_notice,
    rebuilt_root_of,
    root_image_of,
    server_of,
    stage_of,
)
from opencbr.model.way_back import DiskToRevert
from opencbr.store import operation_logs

D = TypeVar("D", DiskToRestore, DiskToRevert)


class InPlace(ABC):
    """The server is shut off, its data disks come off it and it is locked; later all is given back. All may be repeated.

    Each step reads the parameters anew: the process that ran the step before may have been another. Without a server nothing
    is to be done. What is written over stands in the parameters of the operation log, and so does how
    the server was found. Raises CloudError, JobError, Lost.
    """

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project_id = operation.project_id

    def stop(self) -> None:
        """Shut the server off."""
        if (server := self._server()) is not None and not self._is_written():
            server.stop()
        self._advance(10, "stop")

    def detach(self) -> None:
        """Take the data disks off the server, and lock it: a root disk's server could be started otherwise."""
        server_id, found, server = self._server_id(), self._found(), self._server()
        if server_id is not None and found is not None and server is not None and not self._is_written():
            self._disks().detach(server_id, found.disks)
            server.lock()
        self._advance(18, "detach")

    def rebuild(self) -> None:
        """Have Nova write the root disk anew. Nobody rebuilds a locked server, and nobody starts one while Nova does."""
        server_id, server = self._server_id(), self._server()
        image_id, root_id = root_image_of(self._operation.parameters), self._rebuilt_root_id()
        if root_id is not None:
            image_id = image_of(self._ctx, self._operation, root_id)
        if server_id is not None and server is not None and image_id is not None:
            server.unlock()
            rebuild(self._ctx, self._operation, server_id, image_id, root_id, progress=(END, 92))
        if root_id is not None:
            give_metadata_back(self._ctx, self._operation, root_id)
            for left in remove_copies(self._ctx, self._operation, root_id):
                note(self._ctx, self._operation, f"left in the cloud for now, to be removed later: {left}")
        self._advance(92, "rebuild")

    def attach(self) -> None:
        """Unlock the server, and put the disks back on it."""
        server_id, found, server = self._server_id(), self._found(), self._server()
        if server_id is not None and found is not None and server is not None:
            server.unlock()
            self._disks().give_back(server_id, found.disks)
        self._advance(95, "attach")

    def start(self) -> None:
        """Start the server or leave it shut off, and lock it where somebody had locked it."""
        found, server = self._found(), self._server()
        if found is not None and server is not None:
            if self._is_to_run():
                server.start()
            if found.locked:
                server.lock_as_before(found.locked_reason)
        self._advance(98, "start")

    def _keep_metadata(self, found: FoundServer | None) -> None:
        """Write down what a root volume that is to be rebuilt keeps of its image.

        Raises JobError 2008 when the server boots from another disk now: Nova would write over that one.
        """
        root_id = self._rebuilt_root_id()
        if root_id is None:
            return
        if found is None or found.root_id != root_id:
            raise JobError(
                SERVER_UNRESTORABLE,
                f"server {self._server_id()} does not boot from volume {root_id} any more",
            )
        kept = {
            IMAGE_METADATA: dict(self._ctx.cloud.project(self._project_id).get_volume(root_id).image_metadata)
        }
        change(self._ctx, self._operation, lambda parameters: kept | parameters)
        note(self._ctx, self._operation, rebuild_notice(root_id))

    def _is_imaged(self) -> bool:
        """Say whether Nova writes the root disk anew from an image."""
        return root_image_of(self._operation.parameters) is not None or self._rebuilt_root_id() is not None

    def _copy_root(self, disks: Iterable[D], copy: Callable[[JobContext, OperationLog, D], None]) -> None:
        """Make the image that a root volume is written anew from; the server is not touched yet."""
        for disk in disks:
            if disk.volume_id == self._rebuilt_root_id() and not self._is_done(disk.volume_id):
                copy(self._ctx, self._operation, disk)
        self._advance(9, "copy")

    def _by_cinder(self, disks: Iterable[D]) -> list[D]:
        """Give the disks that Cinder writes over: all but a root volume that is written anew from an image."""
        return [disk for disk in disks if disk.volume_id != self._rebuilt_root_id()]

    @abstractmethod
    def _is_to_run(self) -> bool:
        """Say whether the server is started at the end."""

    def _server_id(self) -> str | None:
        return server_of(self._operation.parameters)

    def _server(self) -> ServerInPlace | None:
        server_id = self._server_id()
        return None if server_id is None else ServerInPlace(self._ctx, self._operation, server_id)

    def _disks(self) -> DisksInPlace:
        return DisksInPlace(self._ctx, self._operation)

    def _found(self) -> FoundServer | None:
        return found_of(standing(self._ctx, self._operation))

    def _rebuilt_root_id(self) -> str | None:
        """Name the root volume that is written anew by a rebuild."""
        return rebuilt_root_of(self._operation.parameters)

    def _root_id(self) -> str | None:
        found = self._found()
        return found.root_id if found else None

    def _is_done(self, volume_id: str) -> bool:
        """Say whether one disk is written."""
        return stage_of(standing(self._ctx, self._operation), volume_id) == RESTORED

    def _is_written(self) -> bool:
        """Say whether all disks are written: a job that begins anew has nothing to stop for."""
        return is_written(standing(self._ctx, self._operation))

    def _advance(self, progress: int, step: str) -> None:
        with self._ctx.database.write() as conn:
            operation_logs.advance(conn, self._operation.id, progress, step, now=self._ctx.clock.now())
