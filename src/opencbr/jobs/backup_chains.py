"""Deleting along chains: an incremental backup is worth nothing without those below it.

A backup that later ones need is *held*: gone for the user at once, kept underneath, and removed when the last
one above it goes. `erase` takes one backup from its user; `settle`, a step of its own after it, removes the
held ones that nothing needs any more, and finds them in the rows alone: whoever died in between, wherever, the
next run sees them again.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from opencbr.jobs.context import CloudContext, JobContext
from opencbr.jobs.disks import disk_rows
from opencbr.jobs.upstream.removal import Outcome, remove
from opencbr.model.backup import Backup
from opencbr.model.vault import SERVER
from opencbr.store import backups, checkpoints, disk_backups, ledger, vaults
from opencbr.store.ledger import Entry


def erase(ctx: JobContext, project_id: str, backup_id: str, log_id: str | None = None) -> list[str]:
    """Delete a backup with its disks, or hold what is needed; return what could not be removed, in words.

    The rows stay in that case. A backup that is gone already is no error. With `log_id` a cancelled job stops.
    Raises Lost, Cancelled.
    """
    with ctx.database.read() as conn:
        top = backups.get(conn, project_id, backup_id)
        if top is None:
            return []
        entries = [
            entry
            for disk in disk_rows(conn, top)
            if not disk_backups.has_dependents(conn, project_id, disk.id)
            for entry in ledger.of_backup(conn, disk.id)
        ]
        if top.resource_type == SERVER:
            entries += ledger.of_backup(conn, top.id)  # the image of its root disk
    stuck = [one for one in remove(ctx, entries, log_id=log_id) if one.outcome is Outcome.STUCK]
    if stuck:
        return [str(one) for one in stuck]
    now = ctx.clock.now()
    ctx.database.transact(lambda conn: _write_erased(ctx, conn, project_id, backup_id, now))
    return []


def _write_erased(ctx: JobContext, conn: Connection, project_id: str, backup_id: str, now: datetime) -> None:
    """Remove the rows of what is gone and hold the rest, by what ledger and chains say at this moment.

    Others delete along the same chain meanwhile: what was needed at the first look may not be any more. It is
    held all the same as long as it has an object, and `settle` comes next.
    """
    top = backups.get(conn, project_id, backup_id, lock=True)
    if top is None:
        return
    # The user has deleted it: what was read about the resource goes at once, also when the bytes must stay
    # for others.
    ctx.records.bury(conn, project_id, top.id, now)
    staying = [
        disk
        for disk in disk_rows(conn, top)
        if ledger.of_backup(conn, disk.id) or disk_backups.has_dependents(conn, project_id, disk.id)
    ]
    if top.resource_type == SERVER:
        # No backup needs its image. One that a disk stands on goes later: it is the janitor's.
        disk_backups.forget(conn, project_id, top.id, now=now)
        ledger.leave_of(conn, top.id)
    if not staying:
        _delete_top(conn, top)
        return
    kept = {disk.id for disk in staying} | {top.id}
    for row in {disk.id: disk for disk in (*disk_rows(conn, top), top)}.values():
        if row.id in kept:
            backups.update(conn, project_id, row.id, held_at=now, updated_at=now)
        else:
            backups.delete(conn, project_id, row.id)


def settle(ctx: CloudContext, project_id: str, volume_ids: Collection[str]) -> list[str]:
    """Remove the held disks of these volumes that nothing needs any more, and what they in turn were based on.

    Return what could not be removed, in words; it stays held and in the ledger, and the next deletion of the
    volume or the janitor comes back to it. One that Cinder says is needed (a tenant's own incremental may
    stand on ours) is no trouble. Raises Lost.
    """
    tried: set[str] = set()
    problems: list[str] = []
    while True:
        with ctx.database.read() as conn:
            found = [
                disk for disk in disk_backups.unneeded(conn, project_id, volume_ids) if disk.id not in tried
            ]
        if not found:
            return problems
        tried |= {disk.id for disk in found}
        problems += settle_these(ctx, found)


def settle_these(ctx: CloudContext, disks: Collection[Backup]) -> list[str]:
    """Remove these held disks, which nothing needed at the caller's look; return as `settle` does."""
    claims = {disk.id: ctx.database.transact(lambda conn, one=disk: _claim(conn, one)) for disk in disks}  # type: ignore[misc]
    done = remove(ctx, [entry for entries in claims.values() for entry in entries or ()])
    staying = {one.entry.backup_id for one in done if one.outcome is not Outcome.GONE}
    for disk in disks:
        if claims[disk.id] is not None and disk.id not in staying:
            ctx.database.transact(lambda conn, gone=disk: _write_settled(conn, gone))  # type: ignore[misc]
    return [str(one) for one in done if one.outcome is Outcome.STUCK and one.is_left]


def _claim(conn: Connection, disk: Backup) -> list[Entry] | None:
    """Give a held disk's ledger entries if it is there and still needed by none.

    The row that a new backup locks while it chooses its parent is locked: from here on it chooses another.
    """
    backups.get(conn, disk.project_id, disk.parent_id or disk.id, held=True, lock=True)
    there = backups.get(conn, disk.project_id, disk.id, held=True)
    if there is None or there.held_at is None or disk_backups.has_dependents(conn, disk.project_id, disk.id):
        return None
    return ledger.of_backup(conn, disk.id)


def _write_settled(conn: Connection, disk: Backup) -> None:
    top = backups.get(conn, disk.project_id, disk.parent_id or disk.id, held=True, lock=True)
    if top is None:
        return
    # The lock above comes first: of two that remove the last disks at once, the second must see the first's work.
    if disk.id != top.id:
        backups.delete(conn, disk.project_id, disk.id)
    if disk.id == top.id or not disk_rows(conn, top):
        _delete_top(conn, top)


def _delete_top(conn: Connection, top: Backup) -> None:
    """Remove a backup's rows; the checkpoint goes with its last one (contract 4.2), a held vault likewise."""
    vaults.lock(conn, top.project_id, top.vault_id)
    backups.delete(conn, top.project_id, top.id)
    checkpoints.delete_if_empty(conn, top.project_id, top.checkpoint_id)
    vaults.let_go(conn, top.project_id, top.vault_id)
