"""Deleting along chains: an incremental backup is worth nothing without those below it.

A backup that later ones need is *held*: gone for the user at once, kept underneath, and removed when the last
one above it goes.
"""

from datetime import datetime

from sqlalchemy import Connection

from opencbr.jobs.disks import disk_rows, top_row
from opencbr.jobs.kit import Kit
from opencbr.jobs.upstream import Outcome, remove
from opencbr.model.backup import Backup
from opencbr.store import backups, checkpoints, ledger


def erase(kit: Kit, project_id: str, backup_id: str) -> list[str]:
    """Delete a backup with its disks, or hold what is needed; return what could not be removed, in words.

    The rows stay in that case. A backup that is gone already is no error. Raises Lost.
    """
    with kit.database.read() as conn:
        top = backups.get(conn, project_id, backup_id, held=True)
        if top is None:
            return []
        disks = disk_rows(conn, top)
        needed = {disk.id for disk in disks if backups.dependents(conn, project_id, disk.id)}
        entries = [
            entry for disk in disks if disk.id not in needed for entry in ledger.of_backup(conn, disk.id)
        ]
    done = remove(kit, entries)
    needed |= {one.entry.backup_id for one in done if one.outcome is Outcome.NEEDED}
    stuck = [one for one in done if one.outcome is Outcome.STUCK]
    if stuck:
        return [f"{one.entry.kind} {one.entry.upstream_id or one.entry.name} ({one.reason})" for one in stuck]
    now = kit.clock.now()
    freed = kit.database.transact(lambda conn: _write_erased(kit, conn, top, needed, now))
    # Also what is held from now on: another job may have removed the last one that needed it since we looked.
    settle(kit, project_id, [*freed, *needed])
    return []


def _write_erased(kit: Kit, conn: Connection, top: Backup, needed: set[str], now: datetime) -> list[str]:
    """Remove the rows of what is gone and hold the rest; return what the removed ones were based on."""
    top = top_row(conn, top.project_id, top.id, lock=True)
    if top.held_at is None:
        # The user has deleted it: what was read about the resource goes at once, also when the bytes must
        # stay for others.
        kit.records.bury(conn, top.project_id, top.id, now)
    freed: list[str] = []
    left = 0
    for disk in disk_rows(conn, top):
        if disk.id in needed:
            left += 1
            backups.update(conn, top.project_id, disk.id, held_at=disk.held_at or now, updated_at=now)
            continue
        if disk.based_on is not None:
            freed.append(disk.based_on)
        if disk.id != top.id:
            backups.delete(conn, top.project_id, disk.id)
    if left:
        backups.update(conn, top.project_id, top.id, held_at=top.held_at or now, updated_at=now)
    else:
        _delete_top(conn, top)
    return freed


def settle(kit: Kit, project_id: str, disk_ids: list[str]) -> None:
    """Remove held disk backups that nothing needs any more, and what they in turn were based on.

    What cannot be removed now stays held and in the ledger; the next deletion above it or the janitor comes
    back to it.
    """
    waiting = list(disk_ids)
    while waiting:
        disk_id = waiting.pop()
        with kit.database.read() as conn:
            disk = backups.get(conn, project_id, disk_id, held=True)
            if disk is None or disk.held_at is None or backups.dependents(conn, project_id, disk_id):
                continue
            entries = ledger.of_backup(conn, disk_id)
        if any(one.outcome is not Outcome.GONE for one in remove(kit, entries)):
            continue
        kit.database.transact(lambda conn, gone=disk: _write_settled(conn, gone))  # type: ignore[misc]
        if disk.based_on is not None:
            waiting.append(disk.based_on)


def _write_settled(conn: Connection, disk: Backup) -> None:
    if disk.parent_id is None:
        _delete_top(conn, disk)
        return
    # Locked before the disk goes: of two that remove the last disks at once, the second must see the first's work.
    parent = backups.get(conn, disk.project_id, disk.parent_id, held=True, lock=True)
    backups.delete(conn, disk.project_id, disk.id)
    if parent is not None and parent.held_at is not None and not disk_rows(conn, parent):
        _delete_top(conn, parent)


def _delete_top(conn: Connection, top: Backup) -> None:
    """Remove a backup's row; the checkpoint goes with its last one (contract 4.2)."""
    backups.delete(conn, top.project_id, top.id)
    checkpoints.delete_if_empty(conn, top.project_id, top.checkpoint_id)
