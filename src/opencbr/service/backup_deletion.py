"""Asking for the deletion of a backup: one way for a user, for its own expiry and for a policy."""

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
from opencbr.model.lists import BackupFilter, Page
from opencbr.model.operation_log import OperationLog
from opencbr.service import new_operations
from opencbr.service.context import Context
from opencbr.store import backups, operation_logs, vaults

_DELETE_REFUSED = {
    statuses.WAITING_PROTECT: BACKUP_UNFINISHED,
    statuses.PROTECTING: BACKUP_UNFINISHED,
    statuses.WAITING_RESTORE: BACKUP_IN_USE,
    statuses.RESTORING: BACKUP_IN_USE,
    statuses.WAITING_DELETE: BACKUP_UNDELETABLE,
    statuses.DELETING: BACKUP_UNDELETABLE,
}
"""Status -> why a backup in it cannot be deleted (contract 4.3)."""


def request_deletion(
    conn: Connection, ctx: Context, backup: Backup, *, by_policy: bool = False
) -> OperationLog:
    """Ask for the deletion of a backup with its disks, which the caller has read and locked; a worker carries it out.

    Of two that ask one wins: the other is refused. Raises 400/6201 for a disk of a server backup and for a deletion under
    way, 6203 while it or its successor runs, 6216 during a restore, 6220 for an automatic one in a locked vault, unless
    it is the vault's policy that takes it (`by_policy`): that one's retention is what the lock protects.
    """
    _check_deletable(conn, ctx, backup, by_policy=by_policy)
    vault = vaults.get(conn, ctx.project_id, backup.vault_id)
    # First of all what can be refused: then nothing is written, and a policy goes on with the next one.
    if not backups.move_family(
        conn, ctx.project_id, backup.id, to=statuses.WAITING_DELETE, updated_at=ctx.now
    ):
        raise CbrError(BACKUP_IN_USE)
    return new_operations.request_deletion(conn, ctx, backup, vault.name if vault else None)


def refuse_disk(backup: Backup) -> None:
    """Raise 400/6201 for one disk of a server backup: what is done to a backup is done to all of it."""
    if backup.parent_id is not None:
        raise CbrError(
            BACKUP_UNDELETABLE,
            f"This is one disk of the server backup {backup.parent_id}: name that one instead.",
        )


def _check_deletable(conn: Connection, ctx: Context, backup: Backup, *, by_policy: bool) -> None:
    refuse_disk(backup)
    refused = _DELETE_REFUSED.get(backup.status)
    if refused is not None:
        raise CbrError(refused, f"The backup is {backup.status}: {_advice(refused)}")
    if _successor_runs(conn, ctx, backup):
        raise CbrError(
            BACKUP_UNFINISHED,
            "A newer backup of this resource is running and may build on this one: wait for it.",
        )
    if backup.extend_info.get("auto_trigger") and not by_policy:
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
