"""Waiting for upstream objects.

Cinder reports nothing by itself, so everything is asked for again and again.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from opencbr.cloud.errors import Unreachable
from opencbr.jobs.context import CloudContext, parallel
from opencbr.jobs.engine.port import Cancelled
from opencbr.jobs.failures import JobError
from opencbr.model.errors import UNEXPECTED
from opencbr.store import operation_logs

T = TypeVar("T")

_FIRST_PAUSES = (0.3, 0.5, 1.0)
"""A snapshot takes well under a second on most backends: the first looks come soon, in seconds."""


def pauses(poll_seconds: float) -> Iterator[float]:
    """Yield the pauses between looks: short ones first, then `poll_seconds` for ever.

    Never longer than that.
    """
    for pause in _FIRST_PAUSES:
        yield min(pause, poll_seconds)
    while True:
        yield poll_seconds


def stop_if_cancelled(ctx: CloudContext, log_id: str) -> None:
    """Raise Cancelled when somebody asked for the end of this job."""
    with ctx.database.read() as conn:
        if operation_logs.cancel_requested(conn, log_id):
            raise Cancelled


def wait(
    ctx: CloudContext,
    items: Sequence[T],
    look: Callable[[T], bool],
    *,
    timeout_seconds: float,
    what: str,
    log_id: str | None = None,
    told: Callable[[Sequence[T]], None] | None = None,
) -> None:
    """Look at all items until `look` said True to each; `told` gets the unfinished after a round.

    With `log_id` the cancel flag is read before each round. Raises Cancelled; JobError 9910 when
    `timeout_seconds` are over; what `look` raises, but a cloud that does not answer (Unreachable) only
    after `patience_seconds` without a single answer.
    """
    began = ctx.clock.now()
    deadline = began + timedelta(seconds=timeout_seconds)
    answered = began
    open_items = list(items)
    gaps = pauses(ctx.settings.poll_seconds)
    while open_items:
        if log_id is not None:
            stop_if_cancelled(ctx, log_id)
        ctx.guard()
        seen = parallel(lambda item: _look(look, item), open_items)
        now = ctx.clock.now()
        silences = [result for result in seen if isinstance(result, Unreachable)]
        if len(silences) < len(seen):
            answered = now
        if silences and now - answered > timedelta(seconds=ctx.settings.patience_seconds):
            raise silences[0]
        open_items = [item for item, result in zip(open_items, seen, strict=True) if result is not True]
        if told is not None:
            told(open_items)
        if open_items:
            if now > deadline:
                raise JobError(UNEXPECTED, f"{what} was not done after {timeout_seconds:g} s")
            ctx.clock.sleep(next(gaps))


def _look(look: Callable[[T], bool], item: T) -> bool | Unreachable:
    """Look at one item; silence is a result here, others may have answered."""
    try:
        return look(item)
    except Unreachable as error:
        return error
