"""Backups: list, show, rename, delete (contract 3.3, 4.3)."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.model import operation_log as logs
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.errors import (
    BACKUP_IN_USE,
    BACKUP_UNDELETABLE,
    BACKUP_UNFINISHED,
    CATALOGUE,
    CbrError,
)
from opencbr.model.lists import BackupFilter, Listing, Page
from opencbr.model.operation_log import OperationLog
from opencbr.service import new_operations
from opencbr.service.access import find_own, find_visible
from opencbr.service.context import Context
from opencbr.store import backups, operation_logs, vaults
from opencbr.store.database import Database

_DELETE_REFUSED = {
    statuses.WAITING_PROTECT: BACKUP_UNFINISHED,
    statuses.PROTECTING: BACKUP_UNFINISHED,
    statuses.WAITING_RESTORE: BACKUP_IN_USE,
    statuses.RESTORING: BACKUP_IN_USE,
    statuses.WAITING_DELETE: BACKUP_UNDELETABLE,
    statuses.DELETING: BACKUP_UNDELETABLE,
}
"""Status -> why a backup in it cannot be deleted (contract 4.3)."""


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

        Raises 404/6200; 403/8600 for one that another project shares;
        400/6201 for a disk of a server backup and for a deletion under way, 6203 while it or
        its successor runs, 6216 during a restore, 6220 for an automatic one in a locked vault.
        """

        def request(conn: Connection) -> tuple[OperationLog, set[str]]:
            backup = find_own(conn, ctx.project_id, backup_id, lock=True)
            _check_deletable(conn, ctx, backup)
            vault = vaults.get(conn, ctx.project_id, backup.vault_id)
            log = new_operations.request_deletion(conn, ctx, backup, vault.name if vault else None)
            if not backups.move_family(
                conn, ctx.project_id, backup.id, to=statuses.WAITING_DELETE, updated_at=ctx.now
            ):
                raise CbrError(BACKUP_IN_USE)
            disks = backups.children(conn, ctx.project_id, [backup_id])[backup_id]
            return log, {backup_id, *(disk.id for disk in disks)}

        log, gone = self._database.transact(request)
        if self._forget is not None:
            self._forget(gone)
        return log


def _view(conn: Connection, project_id: str, backup: Backup) -> BackupView:
    if backup.parent_id is not None:
        return BackupView(backup)
    return BackupView(backup, tuple(backups.children(conn, project_id, [backup.id])[backup.id]))


def _check_deletable(conn: Connection, ctx: Context, backup: Backup) -> None:
    if backup.parent_id is not None:
        raise CbrError(
            BACKUP_UNDELETABLE,
            f"This is one disk of the server backup {backup.parent_id}: delete that one instead.",
        )
    refused = _DELETE_REFUSED.get(backup.status)
    if refused is not None:
        raise CbrError(refused, f"The backup is {backup.status}: {_advice(refused)}")
    if _successor_runs(conn, ctx, backup):
        raise CbrError(
            BACKUP_UNFINISHED,
            "A newer backup of this resource is running and may build on this one: wait for it.",
        )
    if backup.extend_info.get("auto_trigger"):
        vault = vaults.get(conn, ctx.project_id, backup.vault_id)
        if vault is not None and vault.locked and (backup.expired_at is None or backup.expired_at > ctx.now):
            raise CbrError("6220")


def _advice(code: str) -> str:
    return CATALOGUE[code].sentence.partition(": ")[2]


def _successor_runs(conn: Connection, ctx: Context, backup: Backup) -> bool:
    """Say whether this is the newest finished backup of a resource that is being backed up (contract 4.3)."""
    if backup.status == statuses.ERROR:
        return False
    unfinished = operation_logs.unfinished_for(conn, ctx.project_id, backup.resource_id)
    if not any(log.operation_type == logs.BACKUP for log in unfinished):
        return False
    wanted = BackupFilter(resource_ids=(backup.resource_id,), statuses=(statuses.AVAILABLE,))
    newest = backups.list(conn, ctx.project_id, wanted, Page(limit=1)).items
    return bool(newest) and newest[0].id == backup.id
