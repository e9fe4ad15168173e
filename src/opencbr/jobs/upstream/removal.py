"""Removing upstream objects: an entry leaves the ledger only when the cloud no longer has its object."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from itertools import groupby
from typing import TypeVar

import msgspec

from opencbr.cloud.cloud import ProjectCloud
from opencbr.cloud.errors import CloudError, CredentialRefused, NotFound, Refused, Unreachable
from opencbr.cloud.statuses import CINDER_DELETING
from opencbr.jobs.context import CloudContext, parallel
from opencbr.jobs.intervals import pauses
from opencbr.jobs.upstream.kinds import KINDS, Kind, State, removal_rank
from opencbr.jobs.upstream.polling import Watched, rest, stop_if_cancelled
from opencbr.store import ledger
from opencbr.store.ledger import Entry

C = TypeVar("C", bound=CloudContext)

log = logging.getLogger(__name__)

_DELETE_ATTEMPTS = 3
"""Deletions asked for before an object that ends in an error state each time is left to a person."""

_BRIEFLY = 60.0
"""Seconds that a removal waits where others wait for it, and always for what the cloud still makes; what stays longer is
the janitor's."""

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
    watched: Watched | None = None
    asked: int = 0
    outcome: Outcome | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """What came of a removal: `reason` is a sentence when it did not succeed."""

    entry: Entry
    outcome: Outcome
    reason: str

    @property
    def is_left(self) -> bool:
        """Whether the object is known to be in the cloud: what could not be looked for may never have been made."""
        return self.outcome is not Outcome.GONE and self.entry.upstream_id is not None

    def __str__(self) -> str:
        what = self.entry.upstream_id or f"{self.entry.name}, if it was made"
        return f"{self.entry.kind} {what} ({self.reason})"


def hurried(ctx: C, seconds: float = _BRIEFLY) -> C:
    """Return the same tools for removals that keep others waiting: a job that has failed, a round for all projects."""
    seconds = min(ctx.settings.release_timeout_seconds, seconds)
    return replace(ctx, settings=msgspec.structs.replace(ctx.settings, release_timeout_seconds=seconds))


def remove_briefly(
    ctx: CloudContext,
    entries: Sequence[Entry],
    seconds: float = _BRIEFLY,
    *,
    doubts: bool = True,
    log_id: str | None = None,
) -> list[str]:
    """Remove what goes in so many seconds, as `remove` does; return what is left in the cloud, in words.

    For a job that keeps its resource busy: the janitor goes on with what stays. Raises Lost, Cancelled.
    """
    try:
        removed = remove(hurried(ctx, seconds), entries, doubts=doubts, log_id=log_id)
    except CredentialRefused as error:
        removed = [Removed(entry, Outcome.STUCK, str(error)) for entry in entries]
    return [str(one) for one in removed if one.is_left]


def remove(
    ctx: CloudContext, entries: Sequence[Entry], *, doubts: bool = True, log_id: str | None = None
) -> list[Removed]:
    """Delete the upstream objects of `entries`, what stands on others first, wait for their end, strike them out.

    What does not stand on one another goes side by side; each such row of `REMOVAL_ORDER` has its time.
    Of what the cloud does only CredentialRefused is raised: what cannot be removed stays in the ledger and comes back as STUCK
    with the reason, and as NEEDED what other things stand on. An object still being made cannot be
    deleted in Cinder; it is waited for, not for long. With `doubts` each name is looked up once more at the end: an
    unanswered call may have left a second object. With `log_id` a cancelled job stops. Raises Lost, Cancelled.
    """
    for entry in entries:
        _loosen(ctx, entry)
    removals = [_Removal(entry, doubts) for entry in entries]
    for _, together in groupby(sorted(removals, key=_rank), key=_rank):
        _remove_together(ctx, list(together), log_id)
    removed = [
        Removed(r.entry, r.outcome or Outcome.STUCK, "" if r.outcome is Outcome.GONE else r.reason)
        for r in removals
    ]
    for one in removed:
        if one.outcome is Outcome.STUCK:
            said = "%s %s stays: %s" if one.is_left else "whether %s %s was ever made could not be seen: %s"
            log.warning(said, one.entry.kind, one.entry.name, one.reason)
    return removed


def _loosen(ctx: CloudContext, entry: Entry) -> None:
    """Let an object hold no others any more; what the cloud refuses is told when these are to be removed."""
    kind = KINDS.get(entry.kind)
    if kind is None or entry.upstream_id is None:
        return
    ctx.guard()
    try:
        kind.loosen(ctx.cloud.project(entry.projects[-1]), entry.upstream_id)
    except CredentialRefused:
        raise  # all are as they were, and the caller can come again
    except CloudError as error:
        log.info("%s %s may hold others: %s", entry.kind, entry.name, error)


def _rank(removal: _Removal) -> int:
    return removal_rank(removal.entry.kind)


def _remove_together(ctx: CloudContext, removals: Sequence[_Removal], log_id: str | None) -> None:
    """Remove side by side what does not stand on one another, and give each its outcome."""
    began = ctx.clock.now()
    patience = ctx.settings.release_timeout_seconds
    gaps = pauses(ctx.settings.poll_seconds)
    while open_ones := [removal for removal in removals if removal.outcome is None]:
        if log_id is not None:
            stop_if_cancelled(ctx, log_id)
        ctx.guard()
        parallel(lambda removal: _advance(ctx, removal), open_ones)
        waited = (ctx.clock.now() - began).total_seconds()
        remaining = [removal for removal in open_ones if removal.outcome is None]
        for removal in remaining:
            if waited > (min(_BRIEFLY, patience) if _is_made(removal) else patience):
                removal.outcome = Outcome.STUCK
                removal.reason = removal.reason or "it was still there when time was up"
        if any(removal.outcome is None for removal in remaining):
            rest(ctx, next(gaps), log_id)


def _is_made(removal: _Removal) -> bool:
    """Say whether the cloud is still at work on an object, and refuses its deletion."""
    kind = KINDS.get(removal.entry.kind)
    return kind is not None and removal.watched is not None and removal.watched.status in kind.moving


def _advance(ctx: CloudContext, removal: _Removal) -> None:
    """Take one object one step nearer to its end."""
    kind = KINDS.get(removal.entry.kind)
    if kind is None:
        removal.outcome, removal.reason = Outcome.STUCK, "this version of the worker does not know its kind"
        return
    try:
        if removal.watched is None or not removal.watched.is_unchanged(ctx):
            _push(ctx, kind, removal)
    except NotFound:
        removal.watched = None
        if not (removal.doubts and removal.entry.upstream_id is not None and _twin(ctx, kind, removal)):
            _strike(ctx, removal)
    except CredentialRefused:
        raise  # all are as they were, and the caller can come again
    except Unreachable as error:
        removal.reason = str(error)
    except Refused as error:
        _refused(removal, error)
    except CloudError as error:
        removal.outcome, removal.reason = Outcome.STUCK, str(error)


def _push(ctx: CloudContext, kind: Kind, removal: _Removal) -> None:
    """Look at the object, and ask for its deletion when it stands still. Raises CloudError."""
    removal.watched = None
    found = _found(ctx, kind, removal.entry)
    if found is None:
        _strike(ctx, removal)
        return
    project, upstream_id, state = found
    removal.entry = replace(removal.entry, upstream_id=upstream_id)
    status = state.status
    if state.needed:
        removal.outcome, removal.reason = Outcome.NEEDED, _NEEDED
        return
    if status in kind.moving:
        removal.reason = f"it was still {status}"
    elif removal.asked >= _DELETE_ATTEMPTS and status != CINDER_DELETING:
        removal.outcome = Outcome.STUCK
        removal.reason = removal.reason or f"it is {status} after {removal.asked} deletions"
    elif status != CINDER_DELETING:
        ctx.guard()
        try:
            kind.delete(project, upstream_id)
        except NotFound:
            if project.project_id == removal.entry.projects[-1]:
                raise
            return  # it was handed over meanwhile: the next look finds it
        removal.asked += 1
        status = CINDER_DELETING
    now = ctx.clock.now()
    removal.watched = Watched(project.project_id, removal.entry.kind, upstream_id, status, now, now)


def _found(ctx: CloudContext, kind: Kind, entry: Entry) -> tuple[ProjectCloud, str, State] | None:
    """Look for the object in every project in which it may stand: where it is, its id and how it is.

    What moves meanwhile moves to the last one, and is found there. None where there is none of its name; raises NotFound
    where its id is known and it is nowhere, CloudError.
    """
    for project_id in entry.projects:
        project = ctx.cloud.project(project_id)
        upstream_id = entry.upstream_id or kind.find(project, entry)
        if upstream_id is None:
            continue
        try:
            return project, upstream_id, kind.look(project, upstream_id)
        except NotFound:
            if project_id == entry.projects[-1]:
                raise
    return None


def _refused(removal: _Removal, error: Refused) -> None:
    """Tell what others need, a backup or an image, from what the cloud will not delete just now."""
    if "ncremental backups exist" in error.reason:
        removal.outcome, removal.reason = Outcome.NEEDED, _NEEDED
        return
    if error.service == "image" and error.status == HTTPStatus.CONFLICT:
        removal.outcome, removal.reason = Outcome.NEEDED, f"a disk stands on it: {error}"
        return
    removal.reason = str(error)
    removal.asked += 1
    if removal.asked >= _DELETE_ATTEMPTS:
        removal.outcome = Outcome.STUCK


def _twin(ctx: CloudContext, kind: Kind, removal: _Removal) -> bool:
    """Look once more by name when the known id is gone.

    An unanswered call may have left a second object; delete that too.
    """
    try:
        return any(_remove_twin(ctx, kind, removal.entry, one) for one in removal.entry.projects)
    except NotFound:
        return False
    except CredentialRefused:
        raise
    except CloudError as error:
        removal.reason = str(error)
    return True


def _remove_twin(ctx: CloudContext, kind: Kind, entry: Entry, project_id: str) -> bool:
    project = ctx.cloud.project(project_id)
    other = kind.find(project, entry)
    if other is None or other == entry.upstream_id:
        return False
    ctx.guard()
    kind.delete(project, other)
    return True


def _strike(ctx: CloudContext, removal: _Removal) -> None:
    entry = removal.entry
    with ctx.database.write() as conn:
        known = ledger.named(conn, entry.kind, entry.name, region=entry.region)
        # An orphan may bear the name of an object that is still there.
        if known is not None and (known.upstream_id is None or known.upstream_id == entry.upstream_id):
            ledger.gone(conn, known.id)
    removal.outcome = Outcome.GONE
