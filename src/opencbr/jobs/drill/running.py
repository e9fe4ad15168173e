"""A program of the operator's: started without a shell, ended when its time is over, and heard no further than a page."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from opencbr.jobs.context import JobContext
from opencbr.observe.printable import printable
from opencbr.observe.redact import redact

_HEARD = 2000
"""Bytes of the end of what a program says that are kept."""
_LOOK_SECONDS = 0.2
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ")
"""All that a program gets of the worker's environment, which may hold the passwords of database and cloud."""


def run(
    ctx: JobContext, argv: Sequence[str], given: bytes, seconds: float, heed: Callable[[], None]
) -> tuple[bool, str]:
    """Run a program with `given` on its standard input; say whether it ended with 0 in time, and what it said at the end.

    `heed` is called again and again; what it raises ends the program too. Whatever the program has started ends with it.
    """
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603 -- the operator's own words, and no shell
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return False, f"it cannot be started: {getattr(error, 'strerror', None) or error}"
    heard, until = _Heard(process, given), ctx.clock.now() + timedelta(seconds=seconds)
    in_time = True
    try:
        while in_time and not _has_ended(process):
            heed()
            in_time = ctx.clock.now() < until
    finally:
        _end(process)
    said = heard.last_words()
    if not in_time:
        return False, f"it had not ended after {seconds:g} seconds{said}"
    return process.returncode == 0, f"exit code {process.returncode}{said}"


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Wait a moment for its end, and leave it a zombie: as long as it is one, its number is nobody else's."""
    threading.Event().wait(_LOOK_SECONDS)
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill what still runs of it: its session is its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Heard:
    """Gives a program its input and hears it, so that it never waits for us; of what it says the end is kept."""

    def __init__(self, process: "subprocess.Popen[bytes]", given: bytes) -> None:
        self._process = process
        self._given = given
        self._tail = b""
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._tell, self._hear)]
        for thread in self._threads:
            thread.start()

    def last_words(self) -> str:
        """Say what was heard last, as text that may be shown; what has left the program's session is not waited for."""
        for thread in self._threads:
            thread.join(1.0)
        said = printable(redact(self._tail.decode("utf-8", "replace").strip()))
        return f": {said}" if said else ""

    def _tell(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError), self._process.stdin as pipe:  # it need not listen
            pipe.write(self._given)

    def _hear(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while piece := os.read(pipe.fileno(), 65536):
                self._tail = (self._tail + piece)[-_HEARD:]
