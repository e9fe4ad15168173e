"""Finished backups whose objects the cloud has lost: they, and the incrementals that stand on them, say so."""

import logging
import random
from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection

from opencbr.cloud import made_things
from opencbr.cloud.errors import CloudError, NotFound
from opencbr.jobs.context import CloudContext, parallel
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.jobs.upstream.names import prefix
from opencbr.model.backup import DiskBackup
from opencbr.model.extend_info import LOST
from opencbr.model.vault import SERVER
from opencbr.store import backups, disk_backups, installation, ledger
from opencbr.store.ledger import Entry

log = logging.getLogger(__name__)

_IMAGE = "root disk: image"
"""How the sentence about a lost image begins."""

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
        images = [(entry, _told(conn, entry)) for entry in ledger.lasting(conn, "image")]
    changed = _changes(ctx, own, disks) if disks else {}
    tops = {(disk.project_id, disk.parent_id or disk.id) for disk in disks.values() if disk.id in changed}
    lost = _lost_images(ctx, own, images) if images else {}
    for entry, told in images:
        if (entry.backup_id in lost) != (_IMAGE in told):
            tops.add((entry.project_id, entry.backup_id or ""))
    changed |= lost
    for project_id, top_id in sorted(tops):
        ctx.database.transact(partial(_mark, ctx, project_id, top_id, changed))


def _told(conn: Connection, entry: Entry) -> str:
    """Give what the backup of an image says that is lost of it."""
    row = backups.get(conn, entry.project_id, entry.backup_id or "", held=True)
    return "" if row is None else row.extend_info.get(LOST, "")


def _lost_images(ctx: CloudContext, own: str, images: Sequence[tuple[Entry, str]]) -> dict[str, str | None]:
    """Say of which backups the image of the root disk is gone: id of the backup -> sentence."""
    there = {thing.id for thing in KINDS["image"].list(ctx.cloud.reader(), own)}
    absent = [(entry, told) for entry, told in images if entry.upstream_id not in there]
    suspects = [entry for entry, told in absent if _IMAGE not in told][:_LOOKS]
    gone = parallel(lambda entry: _is_gone(ctx, "image", entry.project_id, entry.upstream_id or ""), suspects)
    lost = [entry for entry, told in absent if _IMAGE in told]
    lost += [entry for entry, is_gone in zip(suspects, gone, strict=True) if is_gone]
    return {entry.backup_id or "": f"{_IMAGE} {entry.upstream_id} is gone from the cloud" for entry in lost}


def _changes(ctx: CloudContext, own: str, disks: dict[str, DiskBackup]) -> dict[str, str | None]:
    """Give the new sentences of disks whose loss is another than they say; None of one that is whole again."""
    there = {thing.id for thing in made_things.backups(ctx.cloud.reader(), own)}
    absent = [disk for disk in disks.values() if disk.cinder_backup_id not in there]
    gone = {disk.id for disk in absent if LOST in disk.extend_info}
    suspects = [disk for disk in absent if disk.id not in gone]
    random.shuffle(suspects)  # those of a project that cannot be asked are not the same ones each round
    del suspects[_LOOKS:]
    confirmed = parallel(
        lambda disk: _is_gone(ctx, "backup", disk.project_id, disk.cinder_backup_id or ""), suspects
    )
    gone |= {disk.id for disk, is_gone in zip(suspects, confirmed, strict=True) if is_gone}
    changed = {}
    for disk in disks.values():
        sentence = _loss_of(disk, disks, gone)
        if sentence != disk.extend_info.get(LOST):
            changed[disk.id] = sentence
    return changed


def _is_gone(ctx: CloudContext, kind: str, project_id: str, upstream_id: str) -> bool:
    """Say whether the cloud says so, asked by id; one project that cannot be asked keeps nobody else from being told."""
    ctx.guard()
    try:
        KINDS[kind].look(ctx.cloud.project(project_id), upstream_id)
    except NotFound:
        return True
    except CloudError as error:
        log.warning(
            "%s %s is not in the cloud's list, and cannot be looked for: %s", kind, upstream_id, error
        )
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
    ctx: CloudContext,
    project_id: str,
    top_id: str,
    changed: Mapping[str, str | None],
    conn: Connection,
) -> None:
    """Write the marks of one backup's disks, and its own: one lost disk or image makes a server's backup a lost one."""
    now = ctx.clock.now()
    top = backups.get(conn, project_id, top_id, held=True, lock=True)
    if top is None:
        return
    disks = disk_backups.of_backup(conn, project_id, top_id)
    for disk in disks:
        if disk.id in changed and disk.id != top.id:
            backups.tell_loss(conn, disk, changed[disk.id], now=now)
    losses = {disk.resource_id: changed.get(disk.id, disk.extend_info.get(LOST)) for disk in disks}
    found = [f"volume {volume}: {why}" for volume, why in losses.items() if why]
    if top.resource_type == SERVER and (image := changed.get(top.id)):
        found.append(image)
    sentence = "; ".join(found) or None
    if backups.tell_loss(conn, top, sentence, now=now):
        log.warning("backup %s of project %s %s", top_id, project_id, sentence or "is there again")
