"""Removing upstream objects: an entry leaves the ledger only when the cloud no longer has its object."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from opencbr.cloud.errors import CloudError, NotFound, Refused, Unreachable
from opencbr.jobs.context import CloudContext, parallel
from opencbr.jobs.upstream.kinds import KINDS, Kind
from opencbr.jobs.upstream.polling import pauses
from opencbr.store import ledger
from opencbr.store.ledger import Entry

log = logging.getLogger(__name__)

_DELETE_ATTEMPTS = 3
"""Deletions asked for before an object that ends in an error state each time is left to a person."""

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

    def __str__(self) -> str:
        return f"{self.entry.kind} {self.entry.upstream_id or self.entry.name} ({self.reason})"


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
    kind = KINDS.get(removal.entry.kind)
    if kind is None:
        removal.outcome, removal.reason = Outcome.STUCK, "this version of the worker does not know its kind"
        return False
    try:
        return _push(ctx, kind, removal)
    except NotFound:
        if not (removal.doubts and removal.entry.upstream_id is not None and _twin(ctx, kind, removal)):
            _strike(ctx, removal)
    except Unreachable as error:
        removal.reason = str(error)
    except Refused as error:
        _refused(removal, error)
    except CloudError as error:
        removal.outcome, removal.reason = Outcome.STUCK, str(error)
    return False


def _push(ctx: CloudContext, kind: Kind, removal: _Removal) -> bool:
    """Look at the object, and ask for its deletion when it stands still. Raises CloudError."""
    project = ctx.cloud.project(removal.entry.project_id)
    upstream_id = removal.entry.upstream_id or kind.find(project, removal.entry)
    if upstream_id is None:
        _strike(ctx, removal)
        return False
    state = kind.look(project, upstream_id)
    moving = state.status in kind.moving
    if state.needed:
        removal.outcome, removal.reason = Outcome.NEEDED, _NEEDED
    elif moving:
        removal.reason = f"it was still {state.status}"
    elif removal.asked >= _DELETE_ATTEMPTS and state.status != "deleting":
        removal.outcome = Outcome.STUCK
        removal.reason = removal.reason or f"it is {state.status} after {removal.asked} deletions"
    elif state.status != "deleting":
        ctx.guard()
        kind.delete(project, upstream_id)
        removal.asked += 1
    return moving


def _refused(removal: _Removal, error: Refused) -> None:
    """Tell a backup that others need from one that Cinder will not delete just now."""
    if "ncremental backups exist" in error.reason:
        removal.outcome, removal.reason = Outcome.NEEDED, _NEEDED
        return
    removal.reason = str(error)
    removal.asked += 1
    if removal.asked >= _DELETE_ATTEMPTS:
        removal.outcome = Outcome.STUCK


def _twin(ctx: CloudContext, kind: Kind, removal: _Removal) -> bool:
    """Look once more by name when the known id is gone.

    An unanswered call may have left a second object; delete that too.
    """
    project = ctx.cloud.project(removal.entry.project_id)
    try:
        other = kind.find(project, removal.entry)
        if other is None or other == removal.entry.upstream_id:
            return False
        ctx.guard()
        kind.delete(project, other)
    except NotFound:
        return False
    except CloudError as error:
        removal.reason = str(error)
    return True


def _strike(ctx: CloudContext, removal: _Removal) -> None:
    entry = removal.entry
    with ctx.database.write() as conn:
        known = ledger.named(conn, entry.kind, entry.name)
        # An orphan may bear the name of an object that is still there.
        if known is not None and (known.upstream_id is None or known.upstream_id == entry.upstream_id):
            ledger.gone(conn, known.id)
    removal.outcome = Outcome.GONE
