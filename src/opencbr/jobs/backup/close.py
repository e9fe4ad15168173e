"""The end of a good backup: in one transaction record, rows and operation log say so together."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import disk_rows, top_row
from opencbr.model.backup import Backup
from opencbr.model.backup_member import backup_member
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import VOLUME
from opencbr.store import backups, ledger, operation_logs, resources


def close(ctx: JobContext, operation: OperationLog, backup_id: str, left: Sequence[str]) -> None:
    """Close the record and set the backup and its disks available. Doing it again changes nothing.

    Snapshots that are `left`, in words, do not make the backup a bad one: the log tells of them, and they
    become the janitor's.
    """
    now = ctx.clock.now()

    def write(conn: Connection) -> None:
        top = top_row(conn, operation.project_id, backup_id)
        if top.status == "available":
            return
        children = [] if top.resource_type == VOLUME else disk_rows(conn, top)
        info = {**top.extend_info, "progress": 100} if top.resource_type == VOLUME else top.extend_info
        done = replace(top, status="available", protected_at=now, updated_at=now, extend_info=info)
        closed = ctx.records.close(conn, done, children, backups_member=backup_member(done))
        for child in children:
            backups.move(conn, top.project_id, child.id, to="available", protected_at=now, updated_at=now)
        backups.move(
            conn,
            top.project_id,
            top.id,
            to="available",
            protected_at=now,
            updated_at=now,
            extend_info=info,
            verdict=closed.verdict,
            stored_mb=_stored(top, children),
        )
        resources.set_status(conn, top.project_id, top.resource_id, "available", only_from={"protecting"})
        ledger.leave(conn, operation.id, "snapshot")
        details = details_at_end(conn, operation, left)
        operation_logs.finish(conn, operation.id, "success", now=now, details=details)

    ctx.database.transact(write)


def _stored(top: Backup, children: list[Backup]) -> int:
    """Return what a row counts for by itself: a parent nothing, its children are counted one by one."""
    return 0 if children else top.stored_mb
