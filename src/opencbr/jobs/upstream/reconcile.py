"""Bringing servers and volumes into a state: look at them, do what they need, look again.

Nothing is remembered between two looks, so that whoever goes on with a job that died goes on from what is there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opencbr.cloud.errors import CredentialRefused, NotFound, Refused, Unreachable
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.intervals import pauses
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.polling import rest
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog

Act = Callable[[], None]
Look = Callable[[], Act | str | None]
"""Looks at one object: None when it is as it should be, what brings it nearer to that, or the status to wait in."""

_REFUSALS = 3
"""So often the cloud may refuse what an object needs: its state may have changed since the look, the next one tells."""


@dataclass(slots=True)
class _Watched:
    """An object on its way: the status of the last look, and when that was another one or something was done."""

    status: str
    moved_at: datetime
    refusals: int = 0


def reconcile(
    ctx: JobContext,
    operation: OperationLog,
    looks: Mapping[str, Look],
    *,
    copying_seconds: float = 0.0,
    is_excused: Callable[[], bool] = lambda: False,
    told: Callable[[Sequence[str]], None] = lambda _: None,
) -> None:
    """Look, and do what is needed, until every object is as it should be; `looks` has them by their names in words.

    They are looked at side by side; what they need is done one after the other, in the sequence of `looks`. `told` gets the
    names of the unfinished; for `copying_seconds` nothing may be seen to move. Raises what a look raises, the third refusal
    of what an object needs, and JobError 9910 after `patience_seconds` without any answer and when nothing moves.
    """
    began = answered = ctx.clock.now()
    watched = {what: _Watched("", began) for what in looks}
    open_ = list(looks)
    gaps = pauses(ctx.settings.poll_seconds)
    while open_:
        ctx.guard()
        seen = parallel(lambda what: _heard(looks[what]), open_)
        answers = [_done(ctx, result, watched[what]) for what, result in zip(open_, seen, strict=True)]
        silences = [answer for answer in answers if isinstance(answer, Unreachable)]
        now = ctx.clock.now()
        if len(silences) < len(answers):
            answered = now
        elif now - answered > timedelta(seconds=ctx.settings.patience_seconds):
            raise JobError(UNEXPECTED, str(silences[0])) from silences[0]
        open_ = [what for what, answer in zip(open_, answers, strict=True) if answer is not None]
        told(open_)
        for what in open_:
            still = (ctx.clock.now() - watched[what].moved_at).total_seconds()
            if still > ctx.settings.stall_seconds:
                said = f"{what} is {watched[what].status or 'as it was'} in the cloud"
                _tell_stall(ctx, operation, said, still - copying_seconds, is_excused)
        if open_:
            rest(ctx, next(gaps))


def _heard(look: Look) -> Act | str | Unreachable | None:
    """Look at one object; silence is a result here, the others may have answered."""
    try:
        return look()
    except CredentialRefused:
        raise  # nobody can have an answer
    except Unreachable as error:
        return error


def _done(
    ctx: JobContext, result: Act | str | Unreachable | None, watched: _Watched
) -> str | Unreachable | None:
    """Do what an object needs; return None when it needs nothing, its status or the silence of the cloud otherwise."""
    if result is None or isinstance(result, Unreachable):
        return result
    if isinstance(result, str):
        if result != watched.status:
            watched.status, watched.moved_at = result, ctx.clock.now()
        return result
    ctx.guard()
    try:
        result()
    except CredentialRefused:
        raise
    except Unreachable as error:
        return error
    except (Refused, NotFound):
        watched.refusals += 1
        if watched.refusals == _REFUSALS:
            raise
    watched.moved_at = ctx.clock.now()
    return watched.status


def _tell_stall(
    ctx: JobContext, operation: OperationLog, said: str, still: float, is_excused: Callable[[], bool]
) -> None:
    """Tell that nothing moves; raise JobError when that has lasted twice as long and is not excused."""
    stall = ctx.settings.stall_seconds
    note(ctx, operation, f"{said}, and nothing has moved there for {stall:g} s")
    if still > 2 * stall and not is_excused():
        raise JobError(UNEXPECTED, f"{said}, and nothing moved there for {2 * stall:g} s: it is given up")
