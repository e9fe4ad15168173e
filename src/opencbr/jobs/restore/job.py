"""The restore job: the server shut off and locked, its disks written over, all given back as it was.

What it found stands in the log's parameters before it changes anything; each later step looks at the cloud and does what is
still to be done. The snapshots of the way back come before the first byte.
"""

from sqlalchemy import Connection

from opencbr.cloud.disks import root_volume
from opencbr.cloud.statuses import CINDER_AVAILABLE, CINDER_IN_USE, NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import top_row
from opencbr.jobs.engine.port import Job
from opencbr.jobs.failures import JobError
from opencbr.jobs.parameters import change, standing
from opencbr.jobs.restore import disks, way_back
from opencbr.jobs.restore.disks import RestoredDisks
from opencbr.jobs.restore.rows import give_back_rows
from opencbr.jobs.restore.server import RestoredServer
from opencbr.jobs.upstream.mover import await_mover
from opencbr.model import statuses
from opencbr.model.errors import (
    BACKUP_UNRESTORABLE,
    DISK_TOO_SMALL,
    DISK_UNRESTORABLE,
    NOT_ATTACHED,
    SERVER_UNRESTORABLE,
)
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import (
    FoundDisk,
    FoundServer,
    RestoreRequest,
    found_of,
    is_written,
    request_of,
    with_found,
)
from opencbr.store import backups, operation_logs

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_restore(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Restore the backup that `operation` names over what its parameters name."""
    flow = _Flow(ctx, operation)
    job.step("begin", flow.begin)
    job.step("look", flow.look)
    job.step("stop", flow.stop)
    job.step("detach", flow.detach)
    job.step("snapshots", flow.snapshots)
    job.step("restore", flow.restore)
    job.step("attach", flow.attach)
    job.step("start", flow.start)
    job.step("close", flow.close)


class _Flow:
    """The steps. Each one reads the parameters anew: the process that ran the step before may have been another."""

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        self._ctx = ctx
        self._operation = operation
        self._project_id = operation.project_id

    def begin(self) -> None:
        backup_id = self._operation.backup_id or ""
        with self._ctx.database.write() as conn:
            now = self._ctx.clock.now()
            operation_logs.begin(conn, self._operation.id, now=now)
            top = top_row(conn, self._project_id, backup_id)
            if top.status != statuses.RESTORING and not backups.move_family(
                conn, self._project_id, top.id, to=statuses.RESTORING, updated_at=now
            ):
                raise JobError(
                    BACKUP_UNRESTORABLE, f"backup {top.id} is {top.status} and cannot be restored now"
                )

    def look(self) -> None:
        """Write down how the server and its disks are, and refuse what has changed since the request."""
        await_mover(self._ctx, self._operation, "the restore goes on when it is up again")
        if self._found() is None and not self._is_written():
            request = self._request()
            wanted = CINDER_IN_USE if request.server_id else CINDER_AVAILABLE
            for disk in request.disks:
                _refuse_unfit(self._ctx, self._project_id, disk.volume_id, disk.size_gb, wanted)
            if request.server_id is not None:
                found = _found_server(self._ctx, self._project_id, request.server_id, request)
                change(self._ctx, self._operation, lambda parameters: with_found(parameters, found))
        self._advance(5, "look")

    def stop(self) -> None:
        if (server := self._server()) is not None and not self._is_written():
            server.stop()
        self._advance(10, "stop")

    def detach(self) -> None:
        """Take the data disks off the server, and lock it: a root disk's server could be started otherwise."""
        request, found, server = self._request(), self._found(), self._server()
        if (
            request.server_id is not None
            and found is not None
            and server is not None
            and not self._is_written()
        ):
            RestoredDisks(self._ctx, self._operation).detach(request.server_id, found.disks)
            server.lock()
        self._advance(18, "detach")

    def snapshots(self) -> None:
        if not self._is_written():
            way_back.take(self._ctx, self._operation, self._request())
        self._advance(disks.BEGIN, "snapshots")

    def restore(self) -> None:
        found = self._found()
        root = next((disk.volume_id for disk in found.disks if disk.is_root), None) if found else None
        RestoredDisks(self._ctx, self._operation).restore(self._request().disks, root)
        self._advance(disks.END, "restore")

    def attach(self) -> None:
        request, found, server = self._request(), self._found(), self._server()
        if request.server_id is not None and found is not None and server is not None:
            server.unlock()
            RestoredDisks(self._ctx, self._operation).give_back(request.server_id, found.disks)
        self._advance(95, "attach")

    def start(self) -> None:
        request, found, server = self._request(), self._found(), self._server()
        if found is not None and server is not None:
            if request.power_on:
                server.start()
            if found.locked:
                server.lock_as_before(found.locked_reason)
        self._advance(98, "start")

    def close(self) -> None:
        def write(conn: Connection) -> None:
            give_back_rows(self._ctx, conn, self._operation)
            details = details_at_end(conn, self._operation, ())
            now = self._ctx.clock.now()
            operation_logs.finish(conn, self._operation.id, statuses.SUCCESS, now=now, details=details)

        self._ctx.database.transact(write)

    def _request(self) -> RestoreRequest:
        return request_of(self._operation.parameters)

    def _found(self) -> FoundServer | None:
        return found_of(standing(self._ctx, self._operation))

    def _server(self) -> RestoredServer | None:
        server_id = self._request().server_id
        return None if server_id is None else RestoredServer(self._ctx, self._operation, server_id)

    def _is_written(self) -> bool:
        """Say whether all disks are restored: a job that begins anew has nothing to stop for."""
        return is_written(standing(self._ctx, self._operation))

    def _advance(self, progress: int, step: str) -> None:
        with self._ctx.database.write() as conn:
            operation_logs.advance(conn, self._operation.id, progress, step, now=self._ctx.clock.now())


def _refuse_unfit(ctx: JobContext, project_id: str, volume_id: str, size_gb: int, wanted: str) -> None:
    """Raise JobError 2011 for a volume in another status, 2001 for one that is too small."""
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


def _found_server(ctx: JobContext, project_id: str, server_id: str, request: RestoreRequest) -> FoundServer:
    """Read how the server is. Raises CloudError; JobError 2008 for its status, 7201 when a disk is no longer on it."""
    servers = ctx.cloud.servers(project_id)
    server = servers.get(server_id)
    if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF) or server.task_state:
        doing = f" ({server.task_state})" if server.task_state else ""
        raise JobError(
            SERVER_UNRESTORABLE,
            f"server {server_id} is {server.status}{doing} ({server.request_id}): a restore wants it ACTIVE or SHUTOFF",
        )
    reader = ctx.cloud.reader()
    root = root_volume(reader.get_server(server_id), reader.get_attachments(server_id))
    attached = {row.volume_id: row for row in servers.attachments(server_id)}
    if gone := [disk.volume_id for disk in request.disks if disk.volume_id not in attached]:
        raise JobError(NOT_ATTACHED, f"volume {gone[0]} is not attached to server {server_id} any more")
    found = [
        FoundDisk(
            volume_id=row.volume_id,
            device=row.device,
            tag=row.tag,
            delete_on_termination=row.delete_on_termination,
            is_root=row.volume_id == root,
        )
        for row in (attached[disk.volume_id] for disk in request.disks)
    ]
    found.sort(key=lambda disk: (len(disk.device or ""), disk.device or ""))
    return FoundServer(
        was_on=server.status == NOVA_ACTIVE,
        locked=server.locked,
        locked_reason=server.locked_reason,
        disks=tuple(found),
    )
