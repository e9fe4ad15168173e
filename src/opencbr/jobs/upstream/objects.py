"""Upstream objects through the ledger.

Written down before they exist, struck out when the cloud no longer has them.

Snapshots and Cinder backups are made and removed alike, so both stand behind one small table of calls.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import CloudError, NotFound, Refused, Unreachable
from opencbr.jobs.context import CloudContext, JobContext, parallel
from opencbr.jobs.upstream.polling import pauses
from opencbr.model.ids import derived_id
from opencbr.store import ledger
from opencbr.store.ledger import Entry

log = logging.getLogger(__name__)

_DELETE_ATTEMPTS = 3
"""Deletions asked for before an object that ends in an error state each time is left to a person."""


def make(ctx: JobContext, entry: Entry, find: Callable[[], str | None], create: Callable[[], str]) -> str:
    """Return the id of the upstream object `entry` plans.

    The one made before, found by its name, or a new one.

    The plan is committed before the cloud is asked. Raises CloudError; the entry stays then, since nobody
    knows what came of the call.
    """
    with ctx.database.read() as conn:
        known = ledger.get(conn, entry.kind, entry.name)
    if known is not None and known.upstream_id is not None:
        return known.upstream_id
    if known is None:
        with ctx.database.write() as conn:
            ledger.plan(conn, entry)
    ctx.guard()
    # A plan from an earlier attempt may have come true without anybody writing it down.
    made = None if known is None else find()
    if made is None:
        made = create()
    with ctx.database.write() as conn:
        ledger.made(conn, entry.kind, entry.name, made, now=ctx.clock.now())
    return made


def planned(
    ctx: JobContext, *, kind: str, name: str, project_id: str, log_id: str, volume_id: str, backup_id: str
) -> Entry:
    """Write the ledger entry for one object to be made.

    Its id follows from the backup's, so that a repeated step plans the same.
    """
    now = ctx.clock.now()
    return Entry(
        id=derived_id(backup_id, kind),
        project_id=project_id,
        operation_log_id=log_id,
        kind=kind,
        name=name,
        volume_id=volume_id,
        backup_id=backup_id,
        state="planned",
        upstream_id=None,
        created_at=now,
        updated_at=now,
    )


_MOVING = frozenset({"creating", "backing-up", "restoring"})
"""Statuses in which Cinder refuses a deletion until it is done."""

_NEEDED = "later incremental backups need it"


class Outcome(Enum):
    """How the removal of one object ended."""

    GONE = "gone"
    NEEDED = "needed"
    STUCK = "stuck"


@dataclass(slots=True)
class _Removal:
    """One object on its way out."""

    entry: Entry
    doubts: bool
    asked: int = 0
    outcome: Outcome | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """What came of a removal: `reason` is a sentence when the object is still there."""

    entry: Entry
    outcome: Outcome
    reason: str


def remove(ctx: CloudContext, entries: Sequence[Entry], *, doubts: bool = True) -> list[Removed]:
    """Delete the upstream objects of `entries` side by side, wait for their end, strike them out.

    Never raises for what the cloud does: what cannot be removed stays in the ledger and comes back as STUCK
    with the reason, and a backup that later incrementals need as NEEDED. An object still being made cannot be
    deleted in Cinder; it is waited for, as long as a backup may take. With `doubts` each name is looked up
    once more at the end: an unanswered call may have left a second object.
    """
    removals = [_Removal(entry, doubts) for entry in entries]
    began = ctx.clock.now()
    patience = timedelta(seconds=ctx.settings.release_timeout_seconds)
    longest = timedelta(seconds=ctx.settings.backup_timeout_seconds)
    gaps = pauses(ctx.settings.poll_seconds)
    busy: dict[str, bool] = {}
    while open_ones := [removal for removal in removals if removal.outcome is None]:
        ctx.guard()
        for removal, is_busy in zip(open_ones, parallel(lambda r: _advance(ctx, r), open_ones), strict=True):
            busy[removal.entry.id] = is_busy
        waited = ctx.clock.now() - began
        remaining = [removal for removal in open_ones if removal.outcome is None]
        for removal in remaining:
            if waited > (longest if busy[removal.entry.id] else patience):
                removal.outcome = Outcome.STUCK
                removal.reason = removal.reason or "it was still there when time was up"
        if any(removal.outcome is None for removal in remaining):
            ctx.clock.sleep(next(gaps))
    for removal in removals:
        if removal.outcome is Outcome.STUCK:
            log.warning("%s %s stays: %s", removal.entry.kind, removal.entry.name, removal.reason)
    return [Removed(r.entry, r.outcome or Outcome.STUCK, r.reason) for r in removals]


def _advance(ctx: CloudContext, removal: _Removal) -> bool:
    """Take one object one step nearer to its end; return whether the cloud is still busy making it."""
    try:
        return _push(ctx, removal)
    except NotFound:
        if not (removal.doubts and removal.entry.upstream_id is not None and _twin(ctx, removal)):
            _strike(ctx, removal)
    except Unreachable as error:
        removal.reason = str(error)
    except Refused as error:
        _refused(removal, error)
    except CloudError as error:
        removal.outcome, removal.reason = Outcome.STUCK, str(error)
    return False


def _push(ctx: CloudContext, removal: _Removal) -> bool:
    """Look at the object, and ask for its deletion when it stands still. Raises CloudError."""
    project = ctx.cloud.project(removal.entry.project_id)
    upstream_id = removal.entry.upstream_id or _find(project, removal.entry)
    if upstream_id is None:
        _strike(ctx, removal)
        return False
    status, needed = _look(project, removal.entry.kind, upstream_id)
    if needed:
        removal.outcome, removal.reason = Outcome.NEEDED, _NEEDED
    elif status in _MOVING:
        removal.reason = f"it was still {status}"
    elif removal.asked >= _DELETE_ATTEMPTS and status != "deleting":
        removal.outcome = Outcome.STUCK
        removal.reason = removal.reason or f"it is {status} after {removal.asked} deletions"
    elif status != "deleting":
        ctx.guard()
        _delete(project, removal.entry.kind, upstream_id)
        removal.asked += 1
    return status in _MOVING


def _refused(removal: _Removal, error: Refused) -> None:
    """Tell a backup that others need from one that Cinder will not delete just now."""
    if "ncremental backups exist" in error.reason:
        removal.outcome, removal.reason = Outcome.NEEDED, _NEEDED
        return
    removal.reason = str(error)
    removal.asked += 1
    if removal.asked >= _DELETE_ATTEMPTS:
        removal.outcome = Outcome.STUCK


def _twin(ctx: CloudContext, removal: _Removal) -> bool:
    """Look once more by name when the known id is gone.

    An unanswered call may have left a second object; delete that too.
    """
    project = ctx.cloud.project(removal.entry.project_id)
    try:
        other = _find(project, removal.entry)
        if other is None or other == removal.entry.upstream_id:
            return False
        _delete(project, removal.entry.kind, other)
    except NotFound:
        return False
    except CloudError as error:
        removal.reason = str(error)
    return True


def _strike(ctx: CloudContext, removal: _Removal) -> None:
    entry = removal.entry
    with ctx.database.write() as conn:
        known = ledger.get(conn, entry.kind, entry.name)
        # An orphan may bear the name of an object that is still there.
        if known is not None and (known.upstream_id is None or known.upstream_id == entry.upstream_id):
            ledger.gone(conn, entry.kind, entry.name)
    removal.outcome = Outcome.GONE


def _find(project: ProjectCloud, entry: Entry) -> str | None:
    found = (
        project.find_snapshot(entry.name, entry.volume_id)
        if entry.kind == "snapshot"
        else project.find_backup(entry.name, entry.volume_id)
    )
    return None if found is None else found.id


def _look(project: ProjectCloud, kind: str, upstream_id: str) -> tuple[str, bool]:
    """Return the object's status, and whether other backups need it."""
    if kind == "snapshot":
        return project.get_snapshot(upstream_id).status, False
    backup = project.get_backup(upstream_id)
    return backup.status, backup.has_dependents


def _delete(project: ProjectCloud, kind: str, upstream_id: str) -> None:
    if kind == "snapshot":
        project.delete_snapshot(upstream_id)
    else:
        project.delete_backup(upstream_id)
