"""Until when somebody waits for what this thread does.

A request has one deadline, and everything done for it shares it: its body, its place in a queue, its upstream calls, the
locks of the database it waits for. What no client waits for (jobs, duties, commands) has none; a job that may be cancelled
is asked meanwhile whether it is. When the process is stopped, every client's time is over.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float | None] = ContextVar("deadline", default=None)


_interruption: ContextVar[Callable[[], None] | None] = ContextVar("interruption", default=None)

_stopped = threading.Event()

LOOK_SECONDS = 1.0
"""How often a long wait looks whether it is to end."""


@contextmanager
def interrupted_by(look: Callable[[], None]) -> Iterator[None]:
    """End waits inside the block early: `look` is called now and then, and what it raises ends them."""
    token = _interruption.set(look)
    try:
        yield
    finally:
        _interruption.reset(token)


def heed_interruption() -> None:
    """Raise what ends this wait, if anything does."""
    look = _interruption.get()
    if look is not None:
        look()


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
    if until is None:
        return None
    return 0.0 if _stopped.is_set() else max(0.0, until - time.monotonic())


def stop() -> None:
    """Let the time of all clients be over: this process ends."""
    _stopped.set()
