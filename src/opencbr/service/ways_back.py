"""The ways back of restores in place: what is known of one, going it, and letting it go."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud, ProjectCloud
from opencbr.cloud.disks import root_volume
from opencbr.cloud.errors import CloudError, NotFound
from opencbr.cloud.objects import Server
from opencbr.cloud.statuses import CINDER_IN_USE, NOVA_ACTIVE, NOVA_SHUTOFF
from opencbr.jobs.undo.obstacles import refuse_irreversible, refuse_lost_image
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.model import statuses
from opencbr.model.errors import (
    DISK_UNRESTORABLE,
    NO_SUCH_SERVER,
    NO_SUCH_SNAPSHOT,
    SERVER_UNRESTORABLE,
    CbrError,
)
from opencbr.model.operation_log import NOTES, RESTORE, RESTORE_UNDO, OperationLog
from opencbr.model.restore import found_of, request_of, server_of
from opencbr.model.times import wire_time
from opencbr.model.way_back import (
    CONFIRMED_AT,
    UNDO_JOB,
    WAY_BACK,
    DiskToRevert,
    UndoRequest,
    undo_of,
)
from opencbr.service import new_operations
from opencbr.service.context import Context
from opencbr.service.disks_since import ShownDisk, ShownImage, disk_of, shown_image, written_since
from opencbr.service.kept_way_back import EXPIRED, WayBack, find_way_back, refuse_gone
from opencbr.service.restore_claims import claim_targets
from opencbr.service.root_volumes import is_rebuilt, refusals
from opencbr.store import ledger, operation_logs
from opencbr.store.database import Database
from opencbr.store.ledger import Entry

_log = logging.getLogger("opencbr.service")

UNDONE_BY = "it was cancelled, and is undone by the operation {}"
"""In the notes of a restore that was cancelled too late to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWayBack:
    """A way back with what the cloud says of its disks; of one that is not kept there are none."""

    way_back: WayBack
    disks: tuple[ShownDisk, ...]
    root_image: ShownImage | None = None

    @property
    def all(self) -> tuple[ShownDisk | ShownImage, ...]:
        """All that would be taken back."""
        return (*self.disks, *([self.root_image] if self.root_image else []))


class WaysBack:
    """The use cases; they touch the context's project alone. A restore is named by its operation log."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        self._database = database
        self._cloud = cloud

    def show(self, ctx: Context, restore_id: str) -> ShownWayBack:
        """Say where the way back of a restore stands, and of each disk what is known. Raises CbrError 6500; CloudError."""
        with self._database.read() as conn:
            way_back = find_way_back(conn, ctx, restore_id)
        if way_back.status != "kept":
            return ShownWayBack(way_back=way_back, disks=())
        project = self._cloud.project(ctx.project_id)
        server = _server(project, server_of(way_back.restore.parameters))
        disks = tuple(self._shown(project, way_back, entry, server) for entry in way_back.entries)
        return ShownWayBack(way_back=way_back, disks=disks, root_image=shown_image(project, way_back, server))

    def undo(self, ctx: Context, restore_id: str) -> OperationLog:
        """Ask for a restore to be undone, and return its log; a worker does it. All is checked before anything is changed.

        Raises CbrError 6500 (no such restore), 7202 (no way back, or not any more), 2010 (it has not ended, or another runs on
        the same server or disks), 2008 (the server's status), and as `refuse_irreversible`; CloudError.
        """
        request = self._asked(ctx, restore_id)
        return self._database.transact(lambda conn: _enter(conn, ctx, request))

    def undo_cancelled(self, ctx: Context, restore_id: str) -> OperationLog:
        """Ask for the undoing of a restore that was cancelled, in nobody's name; its notes tell so.

        Raises as `undo`, and CbrError 7202 where something else was written over the same server or disks since.
        """
        with self._database.read() as conn:  # first: what came since also stands in the way of the cloud
            _refuse_written_since(conn, find_way_back(conn, ctx, restore_id))
        request = self._asked(ctx, restore_id)
        return self._database.transact(lambda conn: _enter(conn, ctx, request, cancelled=True))

    def _asked(self, ctx: Context, restore_id: str) -> UndoRequest:
        with self._database.read() as conn:
            way_back = find_way_back(conn, ctx, restore_id)
        refuse_gone(way_back)
        project = self._cloud.project(ctx.project_id)
        server = _server(project, server_of(way_back.restore.parameters))
        if server is not None:
            _refuse_status(server)
        disks = [disk_of(project, way_back.restore, entry) for entry in way_back.entries]
        for disk in disks:
            refuse_irreversible(self._database, project, disk, server.id if server else None)
        image_id = way_back.image.upstream_id if way_back.image else None
        if image_id is not None:
            if server is None:
                raise CbrError(NO_SUCH_SERVER, "The server was deleted, whose root disk was written anew.")
            refuse_lost_image(project, image_id)
        request = _request(way_back.restore, server, disks, image_id)
        if server is not None and (root_id := self._rebuilt(way_back.restore, server, disks)):
            request = replace(request, rebuilt_root_id=root_id)
        return request

    def _rebuilt(self, restore: OperationLog, server: Server, disks: Sequence[DiskToRevert]) -> str | None:
        """Name the disk that is taken back by a rebuild of its server. Raises CbrError 2011, CloudError."""
        found, reader = found_of(restore.parameters), self._cloud.reader()
        root_id = found.root_id if found else None
        if root_id is None or root_id not in {disk.volume_id for disk in disks} or not is_rebuilt(reader):
            return None
        if root_volume(reader.get_server(server.id), reader.get_attachments(server.id)) != root_id:
            return None  # it is no root disk any more, and taken back like any other
        volume = reader.get_volume(root_id)
        if volume.get("status") != CINDER_IN_USE:
            sentence = f"Disk {root_id} is {volume.get('status')}: only an administrator sets it to {CINDER_IN_USE} again."
            raise CbrError(DISK_UNRESTORABLE, sentence)
        for error in refusals(reader, root_id, encrypted=bool(volume.get("encrypted"))):
            raise error
        return root_id

    def confirm(self, ctx: Context, restore_id: str) -> None:
        """Let the way back of a restore go before its time: its snapshots, and the image of a root disk, are deleted.

        Raises CbrError 6500, 7202 (no way back, or not any more), 2010 (the restore has not ended, or is being undone).
        """
        entries = self._database.transact(lambda conn: _let_go(conn, ctx, restore_id))
        project = self._cloud.project(ctx.project_id)
        for entry in entries:
            try:
                KINDS[entry.kind].delete(project, entry.upstream_id or "")
            except CloudError as error:
                # The ledger gives it to the janitor, which has patience.
                why = "%s %s, which a restore has let go, is left to the janitor: %s"
                _log.info(why, entry.kind, entry.name, error)

    def _shown(
        self, project: ProjectCloud, way_back: WayBack, entry: Entry, server: Server | None
    ) -> ShownDisk:
        disk = disk_of(project, way_back.restore, entry)
        problem = None
        try:
            refuse_irreversible(self._database, project, disk, server.id if server else None)
            if server is not None:
                self._rebuilt(way_back.restore, server, [disk])
        except CbrError as error:
            problem = error
        may_be_written, known = written_since(project, way_back.restore, disk, server)
        return ShownDisk(disk=disk, may_be_written=may_be_written, known=known, problem=problem)


def _server(project: ProjectCloud, server_id: str | None) -> Server | None:
    """Return the server that was restored, None when it is gone or there was none."""
    try:
        return None if server_id is None else project.servers.get(server_id)
    except NotFound:
        return None


def _refuse_status(server: Server) -> None:
    if server.status not in (NOVA_ACTIVE, NOVA_SHUTOFF) or server.task_state:
        doing = server.task_state or server.status
        raise CbrError(
            SERVER_UNRESTORABLE, f"Server {server.id} is {doing}: bring it to ACTIVE or SHUTOFF first."
        )


def _request(
    restore: OperationLog, server: Server | None, disks: Sequence[DiskToRevert], image_id: str | None
) -> UndoRequest:
    found = found_of(restore.parameters) if restore.status != statuses.SUCCESS else None
    return UndoRequest(
        restore_id=restore.id,
        server_id=server.id if server else None,
        power_on=found is not None and found.was_on,
        disks=tuple(disks),
        root_image_id=image_id,
        places=tuple(disk for disk in found.disks if not disk.is_root) if found else (),
    )


def _let_go(conn: Connection, ctx: Context, restore_id: str) -> list[Entry]:
    way_back = find_way_back(conn, ctx, restore_id, lock=True)
    refuse_gone(way_back)
    restore = way_back.restore
    told = restore.details.get(WAY_BACK, {}) | {CONFIRMED_AT: wire_time(ctx.now)}
    operation_logs.amend(conn, restore, {WAY_BACK: told}, now=ctx.now)
    return ledger.let_go(conn, restore.id)


def _enter(conn: Connection, ctx: Context, request: UndoRequest, *, cancelled: bool = False) -> OperationLog:
    """Write the request; where the restore was `cancelled`, to leave all as that had found it."""
    way_back = find_way_back(conn, ctx, request.restore_id, lock=True)
    refuse_gone(way_back)
    restore = way_back.restore
    if cancelled:
        _refuse_written_since(conn, way_back)
        found = found_of(restore.parameters)
        if found is not None:
            request = replace(request, power_on=found.was_on, leave_off=not found.was_on)
    log = new_operations.request_undo(conn, ctx, restore, request)
    claim_targets(conn, ctx, log.id, request.targets)
    handed = {entry.upstream_id for entry in ledger.hand_over(conn, restore.id, log.id, kept_until=None)}
    if not {*(disk.snapshot_id for disk in request.disks), request.root_image_id} - {None} <= handed:
        # The janitor lets it go by the ledger alone, and does not wait for whoever has the log.
        raise CbrError(NO_SUCH_SNAPSHOT, EXPIRED)
    told: dict[str, Any] = {WAY_BACK: restore.details.get(WAY_BACK, {}) | {UNDO_JOB: log.id}}
    if cancelled:
        told[NOTES] = [*restore.details.get(NOTES, []), UNDONE_BY.format(log.id)]
    operation_logs.amend(conn, restore, told, now=ctx.now)
    return log


def _refuse_written_since(conn: Connection, way_back: WayBack) -> None:
    written = {entry.volume_id for entry in way_back.entries} | {server_of(way_back.restore.parameters)}
    for later in operation_logs.begun_after(conn, way_back.restore, (RESTORE, RESTORE_UNDO)):
        if written & _targets_of(later):
            sentence = f"The operation {later.id} has written over the same server or disks since."
            raise CbrError(NO_SUCH_SNAPSHOT, sentence)


def _targets_of(log: OperationLog) -> set[str]:
    """Give what a restore in place or an undoing writes over."""
    request = undo_of(log.parameters) if log.operation_type == RESTORE_UNDO else request_of(log.parameters)
    return request.targets
