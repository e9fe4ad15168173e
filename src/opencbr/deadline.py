"""Until when a client waits for what this thread does.

A request has one deadline, and everything done for it shares it: its body, its place in a queue, its upstream calls, the
locks of the database it waits for. What no client waits for (jobs, duties, commands) has none.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float | None] = ContextVar("deadline", default=None)


def start(seconds: float) -> None:
    """Begin the deadline of this context (a task's, or a copy that a thread runs in)."""
    _until.set(time.monotonic() + seconds)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give what is done inside the block a deadline."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left() -> float | None:
    """Return how long a client still waits, 0 when the deadline is over; None where no client waits."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())
