"""The undo job: the server shut off and locked, each disk that a restore has written over taken back to its snapshot.

The snapshots are the restore's way back; the ledger has them under this job from its request to its end.
"""

from dataclasses import replace

from sqlalchemy import Connection

from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.in_place.disks import BEGIN, END
from opencbr.jobs.in_place.flow import InPlace
from opencbr.jobs.in_place.look import by_device, look_at_server
from opencbr.jobs.in_place.rows import free_targets
from opencbr.jobs.parameters import change
from opencbr.jobs.undo.obstacles import refuse_irreversible, refuse_lost_image
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.jobs.upstream.reverting import revert_disks
from opencbr.jobs.upstream.root_copies import copy_snapshot
from opencbr.model import statuses
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import FoundServer, with_found
from opencbr.model.way_back import UndoRequest, undo_of
from opencbr.store import ledger, operation_logs

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_undo(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Undo the restore that the parameters of `operation` name."""
    flow = _Flow(ctx, operation)
    job.step("begin", flow.begin)
    # A job from before images has returned nothing here.
    has_image = bool(job.step("look", flow.look))
    if has_image and job.patched("root copy"):
        job.step("copy", flow.copy)
    job.step("stop", flow.stop)
    job.step("detach", flow.detach)
    job.step("revert", flow.revert)
    if has_image and job.patched("root image"):
        job.step("rebuild", flow.rebuild)
    job.step("attach", flow.attach)
    job.step("start", flow.start)
    left = job.step("release", flow.release)
    job.step("close", lambda: flow.close(left))


class _Flow(InPlace):
    """The steps of an undoing."""

    def begin(self) -> None:
        with self._ctx.database.write() as conn:
            operation_logs.begin(conn, self._operation.id, now=self._ctx.clock.now())

    def look(self) -> bool:
        """Write down how the server and its disks are, and refuse what has changed since the request.

        Return whether Nova writes its root disk anew from an image.
        """
        if self._found() is None and not self._is_written():
            request = self._request()
            project = self._ctx.cloud.project(self._project_id)
            for disk in request.disks:
                refuse_irreversible(self._ctx.database, project, disk, request.server_id)
            if request.root_image_id is not None:
                refuse_lost_image(project, request.root_image_id)
            if request.server_id is not None:
                found = self._look_at(request.server_id)
                self._keep_metadata(found)
                change(self._ctx, self._operation, lambda parameters: with_found(parameters, found))
        self._advance(5, "look")
        return self._is_imaged()

    def copy(self) -> None:
        self._copy_root(self._request().disks, copy_snapshot)

    def revert(self) -> None:
        disks, root = self._by_cinder(self._request().disks), self._root_id()
        revert_disks(self._ctx, self._operation, disks, progress=(BEGIN, END), root_id=root)
        self._advance(END, "revert")

    def release(self) -> list[str]:
        """Remove snapshots and image, whose bytes the disks have again; return what stays, in words."""
        with self._ctx.database.read() as conn:
            entries = ledger.of_log(conn, self._operation.id)
        return remove_briefly(self._ctx, entries)

    def close(self, left: list[str]) -> None:
        def write(conn: Connection) -> None:
            free_targets(conn, self._operation)
            details = details_at_end(conn, self._operation, left)
            now = self._ctx.clock.now()
            operation_logs.finish(conn, self._operation.id, statuses.SUCCESS, now=now, details=details)
            ledger.leave(conn, self._operation.id)

        self._ctx.database.transact(write)

    def _look_at(self, server_id: str) -> FoundServer:
        """Read how the server is; what a failed restore could not put back on it comes back to its old place."""
        request = self._request()
        found = look_at_server(self._ctx, self._project_id, server_id, {d.volume_id for d in request.disks})
        on_it = {disk.volume_id for disk in found.disks}
        missing = [place for place in request.places if place.volume_id not in on_it]
        return replace(found, disks=by_device([*found.disks, *missing]))

    def _is_to_run(self) -> bool:
        request, found = self._request(), self._found()
        return not request.leave_off and (request.power_on or (found is not None and found.was_on))

    def _request(self) -> UndoRequest:
        return undo_of(self._operation.parameters)
