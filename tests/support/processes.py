"""Processes to be killed and frozen, forked from one that has imported everything already: a start takes no second."""

import faulthandler
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from coverage import Coverage

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["opencbr.jobs.worker", "opencbr.records.archive", "opencbr.democloud", "openstack"]
)

Report = Callable[[str], None]

LEASE_LOST = 75
"""The exit status of a worker that was declared dead: a machine too busy to renew the lease in time does that too."""


class Processes:
    """Processes by name; what they write to standard error goes into one file.

    With `restarted` a process that ends because it was declared dead (LEASE_LOST) is started again, as who looks after
    workers does: until a signal is sent to it, nothing but a busy machine is the reason.
    """

    def __init__(self, errors: Path, *, restarted: bool = False) -> None:
        self._errors = errors
        self._lock = threading.Lock()
        self._work: dict[str, tuple[Callable[..., int], tuple[Any, ...], dict[str, Any]]] = {}
        self._running: dict[str, Any] = {}
        self._reports: dict[str, Connection] = {}
        self._restarted: set[str] | None = set() if restarted else None
        self._closed = threading.Event()
        if restarted:
            threading.Thread(target=self._look_after, daemon=True).start()

    def start(self, name: str, work: Callable[..., int], *args: Any, **more: Any) -> None:
        """Run `work(report, *args, **more)`, which returns the exit status, and wait until it has reported "up"."""
        with self._lock:
            self._work[name] = work, args, more
            self._begin(name)
            if self._restarted is not None:
                self._restarted.add(name)
        self.await_report(name, "up")

    def _begin(self, name: str) -> None:
        here, there = FORKS.Pipe(duplex=False)
        work, args, more = self._work[name]
        task = partial(work, there.send, *args, **more)
        process = FORKS.Process(target=_run, args=(task, str(self._errors)), name=name)
        process.start()
        there.close()
        self._running[name], self._reports[name] = process, here

    def _look_after(self) -> None:
        while not self._closed.wait(0.2):
            with self._lock:
                for name in self._restarted or ():
                    if self._running[name].exitcode == LEASE_LOST:
                        self._begin(name)

    def await_report(self, name: str, word: str, seconds: float = 180) -> None:
        """Wait until the process reports this; it reports nothing else before, but "up" when it was started again."""
        deadline = time.monotonic() + seconds
        reported = ""
        while reported != word:
            assert time.monotonic() < deadline, f"{name} never reported {word!r}: {self.errors()}"
            with self._lock:
                words, process = self._reports[name], self._running[name]
            if not words.poll(0.1):
                continue
            try:
                reported = words.recv()
            except EOFError:
                process.join(30)
                if self._restarted is not None and name in self._restarted and process.exitcode == LEASE_LOST:
                    time.sleep(0.1)
                    continue
                reported = "nothing more"
            assert reported in {word, "up"}, (
                f"{name} reported {reported!r} instead of {word!r}: {self.errors()}"
            )

    def send(self, name: str, what: signal.Signals) -> None:
        with self._lock:
            if self._restarted is not None:
                self._restarted.discard(name)
        pid = self._running[name].pid
        os.kill(pid, what)
        while what is signal.SIGSTOP and not _stopped(pid):  # the signal is on its way to each thread
            time.sleep(0.001)
        if what is signal.SIGKILL:
            assert self.wait(name) in {-signal.SIGKILL, LEASE_LOST}

    def pid(self, name: str) -> int:
        return int(self._running[name].pid)

    def stop(self, name: str) -> None:
        """Let it stop in order, as from a keyboard."""
        self.send(name, signal.SIGINT)
        assert self.wait(name) is not None, self.errors()

    def wait(self, name: str, seconds: float = 120) -> int | None:
        """Wait for its end; return the exit status, or minus the signal's number.

        One that does not end writes down where each of its threads stands, which then is in `errors()`.
        """
        process = self._running[name]
        process.join(seconds)
        status: int | None = process.exitcode
        if status is None:
            os.kill(process.pid, signal.SIGUSR1)
            process.join(2)
        return status

    def errors(self) -> str:
        return self._errors.read_text()[-20_000:] if self._errors.exists() else ""

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            self._restarted = None
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
                if Coverage.current() is not None:  # killed, it could not tell what it ran
                    process.terminate()
                    process.join(30)
                process.kill()
            process.join()
            process.close()
        for words in self._reports.values():
            words.close()


def _stopped(pid: int) -> bool:
    """Say whether every thread stands: one that still ran could take a lock and freeze with it."""
    states = [
        file.read_text().rpartition(")")[2].split()[0] for file in Path(f"/proc/{pid}/task").glob("*/stat")
    ]
    return all(state == "T" for state in states)


def _run(task: Callable[[], int], errors: str) -> None:
    descriptor = os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    faulthandler.register(signal.SIGUSR1, file=2)
    # A shell that runs the tests in the background has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = task()
    if status == LEASE_LOST:
        # As the product does, which begins anew in its own place: no thread is waited for.
        os._exit(status)
    raise SystemExit(status)
