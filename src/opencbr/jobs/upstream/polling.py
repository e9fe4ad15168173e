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
from opencbr.jobs.failures import JobError
from opencbr.jobs.intervals import pauses
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.jobs.upstream.limits import heed_silence, heed_stall
from opencbr.model.errors import UNEXPECTED
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


def wait(
    ctx: CloudContext,
    operation: OperationLog,
    items: Sequence[Awaited[T]],
    look: Callable[[T], str | None],
    *,
    is_excused: Callable[[], bool] = lambda: False,
    told: Callable[[Sequence[T]], None] = lambda _: None,
) -> None:
    """Wait until `look`, which gives the status of what is being made, gave None for each; `told` gets the unfinished.

    Raises Cancelled; JobError 9910 when one was not done after `backup_timeout_seconds`, or when nothing moved for too
    long and that is not excused; what `look` raises, but a cloud that does not answer (Unreachable) only after
    `patience_seconds` without a single answer, as a JobError. CredentialRefused is raised at once.
    """
    settings = ctx.settings
    began = answered = ctx.clock.now()
    open_ = [
        (one, Watched(operation.project_id, one.kind, one.upstream_id, "creating", began, began))
        for one in items
    ]
    gaps = pauses(settings.poll_seconds)
    while open_:
        stop_if_cancelled(ctx, operation.id)
        ctx.guard()
        seen = parallel(lambda pair: _advance(ctx, look, *pair), open_)
        now = ctx.clock.now()
        answered = heed_silence(ctx, seen, answered)
        open_ = [pair for pair, result in zip(open_, seen, strict=True) if result is not True]
        told([one.for_ for one, _ in open_])
        for one, watched in open_:
            watched.moved_at = heed_stall(
                ctx,
                operation,
                f"{one.kind} {one.upstream_id} is {watched.status} in the cloud",
                watched.moved_at,
                copying_seconds=one.copying_seconds,
                is_excused=is_excused,
            )
        if open_:
            if now > began + timedelta(seconds=settings.backup_timeout_seconds):
                one, _ = open_[0]
                raise JobError(
                    UNEXPECTED,
                    f"{one.kind} {one.upstream_id} was not done after {settings.backup_timeout_seconds:g} s",
                )
            rest(ctx, next(gaps), operation.id)


def _advance(
    ctx: CloudContext, look: Callable[[T], str | None], one: Awaited[T], watched: Watched
) -> bool | Unreachable:
    """Say whether one is done; silence is a result here, others may have answered."""
    try:
        if watched.is_unchanged(ctx):
            return False
        status = look(one.for_)
    except CredentialRefused:
        raise  # nobody can have an answer
    except Unreachable as error:
        return error
    if status is None:
        return True
    watched.turned(status, ctx.clock.now())
    return False
