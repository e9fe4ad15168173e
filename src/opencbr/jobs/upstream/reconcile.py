"""Bringing servers and volumes into a state: look at them, do what they need, look again.

Nothing is remembered between two looks, so that whoever goes on with a job that died goes on from what is there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opencbr.cloud.errors import CloudError, CredentialRefused, NotFound, Refused, Unreachable
from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.intervals import pauses
from opencbr.jobs.upstream.limits import Progress, Seen
from opencbr.jobs.upstream.polling import rest
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog

Act = Callable[[], None]
Look = Callable[[], Act | Seen | None]
"""Looks at one object: None when it is as it should be, what brings it nearer to that, or the object that is waited for."""

_REFUSALS = 3
"""So often the cloud may refuse what an object needs: its state may have changed since the look, the next one tells."""
_ACTS = 12
"""So often what an object needs may be done: it is of no use then. The most that one needs is nine, a disk that Cinder
fails to write twice."""


@dataclass(slots=True)
class _Wanted:
    """An object that is to be as it should be."""

    look: Look
    progress: Progress
    acts: int = 0
    refusals: int = 0
    failed: CloudError | None = None  # the last of its acts that did


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
    of what an object needs, and JobError 9910, with the last failure of it, when that is done without use, and as
    `Progress.check` says.
    """
    began = ctx.clock.now()
    open_ = [_Wanted(look, Progress(what, began, copying_seconds)) for what, look in looks.items()]
    gaps = pauses(ctx.settings.poll_seconds)
    while open_:
        ctx.guard()
        seen = parallel(_heard, open_)
        open_ = [one for one, result in zip(open_, seen, strict=True) if not _done(ctx, one, result)]
        told([one.progress.what for one in open_])
        for one in open_:
            one.progress.check(ctx, operation, is_excused)
        if open_:
            rest(ctx, next(gaps))


def _heard(one: _Wanted) -> Act | Seen | Unreachable | None:
    """Look at one object; silence is a result here, the others may have answered."""
    try:
        return one.look()
    except CredentialRefused:
        raise  # nobody can have an answer
    except Unreachable as error:
        return error


def _done(ctx: JobContext, one: _Wanted, result: Act | Seen | Unreachable | None) -> bool:
    """Say whether an object is as it should be; do what it needs."""
    if isinstance(result, Unreachable):
        one.progress.unanswered(result, ctx.clock.now())
    elif callable(result):
        _act(ctx, one, result)
    elif result is not None:
        one.progress.saw(result, ctx.clock.now())
    return result is None


def _act(ctx: JobContext, one: _Wanted, act: Act) -> None:
    progress = one.progress
    if one.acts >= _ACTS:
        of_no_use = f"was asked {one.acts} times to become as it should be, and is {progress.state}"
        cause = f": {one.failed}" if one.failed else ""
        raise JobError(UNEXPECTED, f"{progress.what} {of_no_use}{progress.source()}{cause}") from one.failed
    ctx.guard()
    try:
        act()
    except CredentialRefused:
        raise
    except Unreachable as error:
        progress.unanswered(error, ctx.clock.now())
        one.failed = error
        return
    except (Refused, NotFound) as error:
        one.failed = error
        one.refusals += 1
        if one.refusals == _REFUSALS:
            raise
    one.acts += 1
    progress.answered()
    progress.moved_at = ctx.clock.now()
