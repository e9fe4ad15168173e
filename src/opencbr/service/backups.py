"""Backups: list, show, rename, delete (contract 3.3, 4.3), and pin, which is ours."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import BACKUP_UNDELETABLE, CbrError
from opencbr.model.lists import BackupFilter, Listing, Page
from opencbr.model.operation_log import OperationLog
from opencbr.service.access import find_own, find_visible
from opencbr.service.backup_deletion import refuse_disk, request_deletion
from opencbr.service.context import Context
from opencbr.store import backups
from opencbr.store.database import Database


@dataclass(frozen=True, slots=True)
class BackupView:
    """A backup and, where it is a server's, the backups of its disks."""

    backup: Backup
    children: tuple[Backup, ...] = ()


class Backups:
    """The use cases of the chapter; every one sees what the caller's project has or shares."""

    def __init__(self, database: Database, forget: Callable[[set[str]], None] | None = None) -> None:
        """`forget` is told the ids (a backup and its disks) whose deletion was asked for."""
        self._database = database
        self._forget = forget

    def list(self, ctx: Context, wanted: BackupFilter, page: Page) -> Listing[Backup]:
        """Return a page, newest first unless sorted; raises UnknownMarker and UnknownSortKey."""
        with self._database.read() as conn:
            return backups.list(conn, ctx.project_id, wanted, page)

    def show(self, ctx: Context, backup_id: str) -> BackupView:
        """Return one backup with its children; raises 404/6200."""
        with self._database.read() as conn:
            access, backup = find_visible(conn, ctx.project_id, backup_id)
            return _view(conn, access.owner, backup)

    def rename(self, ctx: Context, backup_id: str, name: str | None) -> BackupView:
        """Give a backup another name; None leaves it. Its record stays as it was.

        Raises 404/6200, and 403/8600 for one that another project shares.
        """

        def change(conn: Connection) -> BackupView:
            find_own(conn, ctx.project_id, backup_id)
            if name is not None:
                backups.update(conn, ctx.project_id, backup_id, name=name, updated_at=ctx.now)
            return _view(conn, ctx.project_id, find_own(conn, ctx.project_id, backup_id))

        return self._database.transact(change)

    def delete(self, ctx: Context, backup_id: str) -> OperationLog:
        """Ask for the deletion of a backup with its disks, and return its log; a worker carries it out.

        Raises 404/6200, 403/8600 for one that another project shares, and as `request_deletion` does.
        """

        def request(conn: Connection) -> tuple[OperationLog, set[str]]:
            backup = find_own(conn, ctx.project_id, backup_id, lock=True)
            log = request_deletion(conn, ctx, backup)
            disks = backups.children(conn, ctx.project_id, [backup_id])[backup_id]
            return log, {backup_id, *(disk.id for disk in disks)}

        log, gone = self._database.transact(request)
        if self._forget is not None:
            self._forget(gone)
        return log

    def pin(self, ctx: Context, backup_id: str, *, pinned: bool) -> BackupView:
        """Keep a backup from whatever would remove it by itself, its expiry and a policy, or no longer.

        Either may be asked for again. Raises 404/6200, 403/8600 for one that another project shares, 400/6201 for a disk of a
        server backup and for one that is being deleted.
        """

        def change(conn: Connection) -> BackupView:
            backup = find_own(conn, ctx.project_id, backup_id, lock=True)
            refuse_disk(backup)
            if backup.status in (statuses.WAITING_DELETE, statuses.DELETING):
                raise CbrError(
                    BACKUP_UNDELETABLE, "The backup is being deleted: no pin can keep it any more."
                )
            if (backup.pinned_at is not None) != pinned:
                since = ctx.now if pinned else None
                backups.update(conn, ctx.project_id, backup_id, pinned_at=since, updated_at=ctx.now)
            return _view(conn, ctx.project_id, find_own(conn, ctx.project_id, backup_id))

        return self._database.transact(change)


def _view(conn: Connection, project_id: str, backup: Backup) -> BackupView:
    if backup.parent_id is not None:
        return BackupView(backup)
    return BackupView(backup, tuple(backups.children(conn, project_id, [backup.id])[backup.id]))
