"""Where the way back of a restore in place stands, as the operation log and the ledger tell it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from opencbr.model.errors import BEING_RESTORED, NO_SUCH_SNAPSHOT, CbrError
from opencbr.model.ids import is_uuid
from opencbr.model.operation_log import RESTORE, TERMINAL, OperationLog
from opencbr.model.restore import server_of, stage_of
from opencbr.model.way_back import CONFIRMED_AT, KEPT_UNTIL, UNDO_JOB, WAY_BACK, WayBackStatus
from opencbr.service.context import Context
from opencbr.store import ledger, operation_logs
from opencbr.store.ledger import Entry

EXPIRED = "The way back of the restore has expired: its snapshots are removed."


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """Where the way back of a restore stands; `entries` are its snapshots while they are kept, `image` that of a root disk."""

    restore: OperationLog
    status: WayBackStatus
    kept_until: datetime | None
    undo_job_id: str | None
    entries: tuple[Entry, ...]
    image: Entry | None


def find_way_back(conn: Connection, ctx: Context, restore_id: str, *, lock: bool = False) -> WayBack:
    """Read where the way back of a restore stands; with `lock` nothing changes it meanwhile. Raises CbrError 6500."""
    restore = operation_logs.get(conn, ctx.project_id, restore_id, lock=lock) if is_uuid(restore_id) else None
    if restore is None or restore.operation_type != RESTORE:
        raise CbrError(
            "6500", "The project has no restore in place of this id: it is the id of its operation log."
        )
    told = restore.details.get(WAY_BACK, {})
    kept = tuple(
        entry
        for entry in ledger.of_log(conn, restore.id)
        if entry.kept_until is not None and entry.kept_until > ctx.now and _is_written(restore, entry)
    )
    snapshots = tuple(entry for entry in kept if entry.kind == "snapshot")
    image = next((entry for entry in kept if entry.kind == "image"), None)
    undo_id = told.get(UNDO_JOB)
    undo = operation_logs.get(conn, ctx.project_id, undo_id) if undo_id else None
    status: WayBackStatus = "kept" if kept else "expired" if KEPT_UNTIL in told else "none"
    if undo_id is not None:  # one that fails takes its name out again
        status = "undoing" if undo is not None and undo.status not in TERMINAL else "undone"
    elif CONFIRMED_AT in told:
        status = "confirmed"
    until = min((entry.kept_until for entry in kept if entry.kept_until), default=None)
    return WayBack(
        restore=restore, status=status, kept_until=until, undo_job_id=undo_id, entries=snapshots, image=image
    )


def _is_written(restore: OperationLog, entry: Entry) -> bool:
    """Say whether the disk of this snapshot, or the root disk of this image, may have been written over."""
    written = server_of(restore.parameters) if entry.kind == "image" else entry.volume_id
    return written is not None and stage_of(restore.parameters, written) is not None


def refuse_gone(way_back: WayBack) -> None:
    """Raise CbrError 7202 where there is no way back, or not any more, 2010 while the restore or its undoing runs."""
    restore = way_back.restore
    if restore.status not in TERMINAL:
        raise CbrError(BEING_RESTORED, "The restore has not ended: wait for that first.")
    why = {
        "none": "The restore has no way back: it has written over nothing, or snapshots were not kept.",
        "undoing": f"The restore is being undone already, by the operation {way_back.undo_job_id}.",
        "confirmed": "The restore was confirmed: its snapshots are removed.",
        "undone": f"The restore was undone already, by the operation {way_back.undo_job_id}.",
        "expired": EXPIRED,
    }.get(way_back.status)
    if why is not None:
        raise CbrError(BEING_RESTORED if way_back.status == "undoing" else NO_SUCH_SNAPSHOT, why)
