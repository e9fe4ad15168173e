"""Signals: the first one ends the demo, and none disturbs the stopping."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@contextmanager
def interruptible() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP as Ctrl-C inside the block."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {name: signal.signal(name, interrupt) for name in _ENDING}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def ignore_signals() -> None:
    """Let a second Ctrl-C not disturb the stopping: it would leave children behind."""
    for name in _ENDING:
        signal.signal(name, signal.SIG_IGN)
