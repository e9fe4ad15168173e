"""Bringing servers and volumes into a state: look at them, do what they need, look again.

Nothing is remembered between two looks, so that whoever goes on with a job that died goes on from what is there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from opencbr.cloud.errors import CredentialRefused, NotFound, Refused, Unreachable
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.intervals import pauses
from opencbr.jobs.upstream.limits import heed_silence, heed_stall
from opencbr.jobs.upstream.polling import rest
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
        answered = heed_silence(ctx, answers, answered)
        open_ = [what for what, answer in zip(open_, answers, strict=True) if answer is not None]
        told(open_)
        for what in open_:
            one = watched[what]
            one.moved_at = heed_stall(
                ctx,
                operation,
                f"{what} is {one.status or 'as it was'} in the cloud",
                one.moved_at,
                copying_seconds=copying_seconds,
                is_excused=is_excused,
            )
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
