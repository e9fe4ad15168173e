"""The end of a good backup: in one transaction record, rows and operation log say so together.

What costs time, making and proving the record, is done before it: a transaction holds up every other writer on SQLite.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from opencbr.jobs.backup.threshold import notice
from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import disk_rows, top_row
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.backup_member import backup_member
from opencbr.model.document import Reading
from opencbr.model.extend_info import with_root_image
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.model.root_image import RootImage, root_image_in
from opencbr.model.vault import VOLUME
from opencbr.records.drafts import IMAGE
from opencbr.store import backups, ledger, operation_logs, resources, retention

log = logging.getLogger(__name__)


def close(ctx: JobContext, operation: OperationLog, backup_id: str, left: Sequence[str]) -> None:
    """Close the record and set the backup and its disks available. Doing it again changes nothing.

    Snapshots that are `left`, in words, do not make the backup a bad one: the log tells of them, and they
    become the janitor's.
    """
    while not _closed(ctx, operation, backup_id, left):
        pass  # somebody changed a row meanwhile: each round that fails is one that another has won


def _closed(ctx: JobContext, operation: OperationLog, backup_id: str, left: Sequence[str]) -> bool:
    """Try it once; False when a row that the record tells of has changed before it was written."""
    with ctx.database.read() as conn:
        top = top_row(conn, operation.project_id, backup_id)
    if top.status == statuses.AVAILABLE:
        return True
    now = ctx.clock.now()
    info = {**top.extend_info, "progress": 100} if top.resource_type == VOLUME else top.extend_info
    stored = {}
    if (image := _image(ctx, top)) is not None:
        info = with_root_image(info, image)
        stored = {"stored_mb": image.stored_mb}  # the disks' rows count for the rest
    done = replace(top, status=statuses.AVAILABLE, protected_at=now, updated_at=now, extend_info=info)
    record = ctx.records.prepare(done, backups_member=backup_member(done))
    ended = ctx.clock.now()  # a record of many documents takes its time
    with ctx.database.read() as conn:
        fullness = notice(conn, top, stored.get("stored_mb", 0))

    def write(conn: Connection) -> bool:
        if top_row(conn, operation.project_id, backup_id) != top or not ctx.records.write(conn, record):
            return False
        for child in [] if top.resource_type == VOLUME else disk_rows(conn, top):
            backups.move(
                conn, top.project_id, child.id, to=statuses.AVAILABLE, protected_at=now, updated_at=now
            )
        backups.move(
            conn,
            top.project_id,
            top.id,
            to=statuses.AVAILABLE,
            protected_at=now,
            updated_at=now,
            extend_info=info,
            verdict=record.verdict,
            **stored,
        )
        resources.set_status(
            conn, top.project_id, top.resource_id, statuses.AVAILABLE, only_from={statuses.PROTECTING}
        )
        if top.extend_info.get("auto_trigger"):
            retention.enter(conn, top, now)
        ledger.leave(conn, operation.id, "snapshot")
        details = details_at_end(conn, operation, left)
        if fullness is not None:
            details |= {NOTES: [*details.get(NOTES, ()), fullness]}
        operation_logs.finish(conn, operation.id, statuses.SUCCESS, now=ended, details=details)
        return True

    if not ctx.database.transact(write):
        return False
    if fullness is not None:
        log.warning("job %s: %s", operation.id, fullness)
    return True


def _image(ctx: JobContext, top: Backup) -> RootImage | None:
    kept = ctx.records.kept(top.project_id, top.id, IMAGE)
    return root_image_in(kept.documents) if isinstance(kept, Reading) else None
