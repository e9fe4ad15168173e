"""Children that do not outlive who started them, however that one ended."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

_LOOK_SECONDS = 0.5
_AGAIN_SECONDS = 3.0
_TIMES = 7

F = TypeVar("F", bound=Callable[..., Any])


def tied(function: F) -> F:
    """Add the hidden option --tied PID to a command; it watches before the command's own work begins."""
    return click.option(
        "--tied",
        type=int,
        hidden=True,
        is_eager=True,
        expose_value=False,
        callback=lambda _ctx, _param, pid: None if pid is None else end_with_parent(pid),
        help="End when this process, the parent, ends.",
    )(function)


def end_with_parent(parent: int) -> None:
    """Send this process SIGTERM as soon as its parent, the process `parent`, is gone; SIGKILL in the end.

    The number is the parent's to say: a child that asks for it may have lost its parent before it asked, and
    would then be tied to whoever takes orphans in.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        # A process that is just being made may not listen yet, or still have its parent's handler.
        for _ in range(_TIMES):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_AGAIN_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
