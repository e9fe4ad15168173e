"""Ending the work that was begun: when it is due, when it was read often enough, or at once."""

import threading
from collections.abc import Callable
from datetime import datetime

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import FAIL, FINISH
from opencbr.democloud.failures import Failure
from opencbr.democloud.state import Doc


class Worker:
    """Ends work, one piece after the other; in the mode real on a thread of its own."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._wake = threading.Condition()
        self._stopping = False
        self._running = threading.RLock()
        self._thread: threading.Thread | None = None

    def after_request(self) -> None:
        """End the work at once in the mode instant, else wake the thread."""
        if self._backend.timing.mode == "instant":
            self.run_all()
        elif self._backend.timing.mode == "real":
            with self._wake:
                self._wake.notify()

    def after_read(self, watched: str) -> None:
        """In the mode polls, end the work on the resource `watched` when it was read often enough."""
        if self._backend.timing.mode == "polls":
            self._backend.work.count_read(watched)
            self._run(lambda doc: bool(doc["polls"] <= 0))

    def advance(self, seconds: float) -> None:
        """Move the cloud's clock ahead and end everything whose time has come."""
        self._backend.clock.advance(seconds)
        self.run_due()

    def run_due(self) -> None:
        """End everything whose time has come, in the order of the times."""
        self._run(lambda doc: datetime.fromisoformat(doc["due"]) <= self._backend.clock.now())

    def run_all(self) -> None:
        """End everything, due or not."""
        self._run(lambda _: True)

    def fail(self, work: str, *, times: int = 1, reason: str = "", stick: bool = False) -> Failure:
        """Let work go wrong, see `Failure`; raises ValueError for work that does not exist."""
        if work not in FINISH:
            raise ValueError(f"there is no work {work!r}; there is {', '.join(sorted(FINISH))}")
        return self._backend.failures.inject(work, times=times, reason=reason, stick=stick)

    def start(self) -> None:
        """Start the thread of the mode real; the other modes need none."""
        if self._backend.timing.mode == "real":
            self._thread = threading.Thread(target=self._loop, name="democloud-work", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; unfinished work stays stored."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._wake:
                if self._stopping:
                    return
                pause = self._seconds_to_next()
                if pause is None or pause > 0:
                    self._wake.wait(pause)
                if self._stopping:
                    return
            self.run_due()

    def _seconds_to_next(self) -> float | None:
        waiting = self._backend.work.unfinished()
        if not waiting:
            return None
        return (datetime.fromisoformat(waiting[0]["due"]) - self._backend.clock.now()).total_seconds()

    def _run(self, ready: Callable[[Doc], bool]) -> None:
        queue = self._backend.work
        with self._running:
            while doc := next((doc for doc in queue.unfinished() if ready(doc)), None):
                self._end(doc["name"], doc["args"])
                queue.remove(doc["id"])

    def _end(self, name: str, args: Doc) -> None:
        failure = self._backend.failures.take(name)
        if failure and failure.stick:
            return
        if failure and name in FAIL:
            FAIL[name](self._backend, args, failure.reason)
            return
        try:
            FINISH[name](self._backend, args)
        except (OSError, ValueError, KeyError, StopIteration) as error:
            # an admin's reset or a damaged store leads to an error state, not to the end of the thread
            self._backend.errors.append(error)
            if name in FAIL:
                FAIL[name](self._backend, args, f"{type(error).__name__}: {error}")
