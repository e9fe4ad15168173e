"""Waiting for upstream objects.

Cinder reports nothing by itself, so everything is asked for again and again: one list of what is in a status serves all
who wait in a project, and an object that has left the list is looked at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from opencbr.cloud.errors import CredentialRefused, Unreachable
from opencbr.jobs.context import CloudContext, parallel
from opencbr.jobs.engine.port import Cancelled
from opencbr.jobs.intervals import pauses
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.jobs.upstream.limits import Progress, Seen
from opencbr.model.operation_log import OperationLog
from opencbr.store import operation_logs

T = TypeVar("T")


def stop_if_cancelled(ctx: CloudContext, log_id: str) -> None:
    """Raise Cancelled when somebody asked for the end of this job."""
    with ctx.database.read() as conn:
        if operation_logs.cancel_requested(conn, log_id):
            raise Cancelled


def rest(ctx: CloudContext, seconds: float, log_id: str | None = None) -> None:
    """Sleep so long; every `poll_seconds` look whether this worker or (with `log_id`) its job is to end.

    Raises Lost, Cancelled.
    """
    until = ctx.clock.now() + timedelta(seconds=seconds)
    while True:
        if log_id is not None:
            stop_if_cancelled(ctx, log_id)
        ctx.guard()
        left = (until - ctx.clock.now()).total_seconds()
        if left <= 0:
            return
        ctx.clock.sleep(min(left, ctx.settings.poll_seconds))


@dataclass(slots=True)
class Watched:
    """One object whose status is to change: since when it has had that one, and when something was last seen to move."""

    project_id: str
    kind: str
    upstream_id: str
    status: str
    since: datetime
    moved_at: datetime
    _sign: str = ""

    def turned(self, status: str, now: datetime) -> None:
        """Note the status that a look has found."""
        if status != self.status:
            self.moved_at = now
        self.status, self.since, self._sign = status, now, ""

    def is_unchanged(self, ctx: CloudContext) -> bool:
        """Say whether it still has its status, by a list that all who wait for objects in this status share.

        True also when the newest list is older than that status. Raises CloudError.
        """
        answer = ctx.shared.get(
            (self.project_id, self.kind, self.status),
            lambda: KINDS[self.kind].in_status(ctx.cloud.project(self.project_id), self.status),
            ctx.clock,
            ctx.settings.poll_seconds,
        )
        sign = answer.value.get(self.upstream_id)
        if sign is None:
            return answer.asked_at < self.since
        if self._sign not in ("", sign):
            self.moved_at = answer.asked_at
        self._sign = sign
        return True


@dataclass(slots=True)
class Awaited(Generic[T]):
    """An object that is being made, `for_` something. `copying_seconds`: so long its copying may show nothing."""

    for_: T
    kind: str
    upstream_id: str
    copying_seconds: float = 0.0


@dataclass(slots=True)
class _Wait(Generic[T]):
    """One object that is waited for."""

    for_: T
    watched: Watched
    progress: Progress


def wait(
    ctx: CloudContext,
    operation: OperationLog,
    items: Sequence[Awaited[T]],
    look: Callable[[T], Seen | None],
    *,
    is_excused: Callable[[], bool] = lambda: False,
    told: Callable[[Sequence[T]], None] = lambda _: None,
) -> None:
    """Wait until `look`, which shows what is being made, gave None for each; `told` gets the unfinished.

    Raises Cancelled; what `look` raises, but a cloud that does not answer (Unreachable) as `Progress.check` says, which ends
    the wait for each. CredentialRefused is raised at once.
    """
    began = ctx.clock.now()
    open_ = [
        _Wait(
            one.for_,
            Watched(operation.project_id, one.kind, one.upstream_id, "creating", began, began),
            Progress(f"{one.kind} {one.upstream_id}", began, one.copying_seconds, "creating"),
        )
        for one in items
    ]
    gaps = pauses(ctx.settings.poll_seconds)
    while open_:
        stop_if_cancelled(ctx, operation.id)
        ctx.guard()
        done = parallel(lambda one: _advance(ctx, look, one), open_)
        open_ = [one for one, is_done in zip(open_, done, strict=True) if not is_done]
        told([one.for_ for one in open_])
        for one in open_:
            one.progress.check(ctx, operation, is_excused)
        if open_:
            rest(ctx, next(gaps), operation.id)


def _advance(ctx: CloudContext, look: Callable[[T], Seen | None], one: _Wait[T]) -> bool:
    """Say whether one is done; silence is borne here, others may have answers.

    What only lists have shown for long is looked at itself: they may be wrong, and tell no request id.
    """
    watched, progress = one.watched, one.progress
    trusted = min(ctx.settings.stall_seconds, ctx.settings.backup_timeout_seconds / 2)
    try:
        looked_at_lately = ctx.clock.now() - watched.since < timedelta(seconds=trusted)
        if looked_at_lately and watched.is_unchanged(ctx):
            progress.answered()
        elif (seen := look(one.for_)) is None:
            return True
        else:
            now = ctx.clock.now()
            watched.turned(seen.state, now)
            progress.saw(seen, now)
    except CredentialRefused:
        raise  # nobody can have an answer
    except Unreachable as error:
        progress.unanswered(error, ctx.clock.now())
    progress.moved_at = max(progress.moved_at, watched.moved_at)
    return False
