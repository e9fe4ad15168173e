"""Finished backups whose objects the cloud has lost: they, and the incrementals that stand on them, say so."""

import logging
import random
from collections.abc import Iterable
from functools import partial

from sqlalchemy import Connection

from opencbr.cloud import made_things
from opencbr.cloud.errors import CloudError, NotFound
from opencbr.jobs.context import CloudContext, parallel
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.jobs.upstream.names import prefix
from opencbr.model.backup import DiskBackup
from opencbr.model.extend_info import LOST
from opencbr.store import backups, disk_backups, installation

log = logging.getLogger(__name__)

_LOOKS = 200
"""Objects that a round looks at because the list does not have them; the others are the next round's."""


def mark_losses(ctx: CloudContext) -> None:
    """Compare the finished backups of all projects with one list of the cloud's, and mark what is lost.

    Nothing is believed lost that was not looked for by its id. What is there again loses its mark. Raises CloudError, Lost.
    """
    with ctx.database.write() as conn:
        own = prefix(installation.installation_id(conn))
    with ctx.database.read() as conn:  # all of them: no writer is to wait meanwhile
        disks = {disk.id: disk for disk in disk_backups.finished(conn)}
    if not disks:
        return
    there = {thing.id for thing in made_things.backups(ctx.cloud.reader(), own)}
    absent = [disk for disk in disks.values() if disk.cinder_backup_id not in there]
    gone = {disk.id for disk in absent if LOST in disk.extend_info}
    suspects = [disk for disk in absent if disk.id not in gone]
    random.shuffle(suspects)  # those of a project that cannot be asked are not the same ones each round
    del suspects[_LOOKS:]
    confirmed = parallel(lambda disk: _is_gone(ctx, disk), suspects)
    gone |= {disk.id for disk, is_gone in zip(suspects, confirmed, strict=True) if is_gone}
    changed = {}
    for disk in disks.values():
        sentence = _loss_of(disk, disks, gone)
        if sentence != disk.extend_info.get(LOST):
            changed[disk.id] = sentence
    tops = {(disk.project_id, disk.parent_id or disk.id) for disk in disks.values() if disk.id in changed}
    for project_id, top_id in sorted(tops):
        ctx.database.transact(partial(_mark, ctx, project_id, top_id, changed))


def _is_gone(ctx: CloudContext, disk: DiskBackup) -> bool:
    """Say whether Cinder says so, asked by id; one project that cannot be asked keeps nobody else from being told."""
    ctx.guard()
    try:
        KINDS["backup"].look(ctx.cloud.project(disk.project_id), disk.cinder_backup_id or "")
    except NotFound:
        return True
    except CloudError as error:
        log.warning("backup %s is not in the cloud's list, and cannot be looked for: %s", disk.id, error)
    return False


def _loss_of(disk: DiskBackup, disks: dict[str, DiskBackup], gone: set[str]) -> str | None:
    """Say what is lost of a disk's backup, itself or one that it stands on; None when all of it is there."""
    if disk.id in gone:
        return f"backup {disk.cinder_backup_id} is gone from the cloud"
    below, seen = disk, {disk.id}
    while below.based_on in disks and below.based_on not in seen:
        below = disks[below.based_on]
        seen.add(below.id)
        if below.id in gone:
            return f"it needs backup {below.cinder_backup_id}, which is gone from the cloud"
    return None


def _mark(
    ctx: CloudContext, project_id: str, top_id: str, changed: dict[str, str | None], conn: Connection
) -> None:
    """Write the marks of one backup's disks, and its own: one lost disk makes a server's backup a lost one."""
    now = ctx.clock.now()
    top = backups.get(conn, project_id, top_id, held=True, lock=True)
    if top is None:
        return
    disks = disk_backups.of_backup(conn, project_id, top_id)
    for disk in disks:
        if disk.id in changed and disk.id != top.id:
            backups.tell_loss(conn, disk, changed[disk.id], now=now)
    losses = {disk.resource_id: changed.get(disk.id, disk.extend_info.get(LOST)) for disk in disks}
    sentence = _joined((volume, why) for volume, why in losses.items() if why)
    if backups.tell_loss(conn, top, sentence, now=now):
        log.warning("backup %s of project %s %s", top_id, project_id, sentence or "is there again")


def _joined(losses: Iterable[tuple[str, str]]) -> str | None:
    return "; ".join(f"volume {volume_id}: {why}" for volume_id, why in losses) or None
