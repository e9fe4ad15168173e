"""The calls to one upstream service: bounded in number and time, and none for a waiting client while the service hangs.

A call runs in a thread of its own and is given up when its time is over, whatever holds it (a name lookup, a handshake, an
answer that comes byte by byte): no timeout of a socket bounds a whole call. It keeps its place until it has really ended, so
that calls given up are bounded too.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from time import monotonic
from typing import TypeVar

from opencbr.deadline import LOOK_SECONDS, heed_interruption, seconds_left

T = TypeVar("T")

HANGS = 3
"""So many calls in a row that were given up open the circuit."""
REST_SECONDS = 5.0
"""How long an open circuit lets nobody through; after that one call at a time tries."""


class Hanging(Exception):
    """The call was given up or not begun; the text says why."""


class Breaker:
    """Calls one service, `calls` at a time. Thread-safe."""

    def __init__(self, service: str, calls: int) -> None:
        self._places = threading.BoundedSemaphore(calls)
        self._threads = ThreadPoolExecutor(calls, thread_name_prefix=f"cloud-{service}")
        self._lock = threading.Lock()
        self._hangs = 0
        self._closed_until = 0.0

    def call(self, work: Callable[[], T], seconds: float) -> T:
        """Run `work` and return its result, within `seconds` and the deadline of the client that waits.

        Raises Hanging, what `work` raises, and what interrupts the wait (`opencbr.deadline`).
        """
        left = seconds_left()
        if left is not None:
            self._let_through()
        bound = seconds if left is None else min(seconds, left)
        end = monotonic() + bound
        if bound <= 0 or not _in_slices(lambda s: self._places.acquire(timeout=s), end):
            raise Hanging("too many calls wait for it" if bound > 0 else "the request's time was over")
        try:
            future: Future[T] = self._threads.submit(copy_context().run, work)
        except RuntimeError:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        if not _in_slices(lambda seconds: bool(wait((future,), seconds).done), end):
            self._hung()
            given_up = f"no answer within {bound:.3g} seconds"
            raise Hanging(given_up if monotonic() >= end else "this process is being stopped")
        failed = future.exception()
        if isinstance(failed, Hanging):
            self._hung()  # the client below has noticed it before this wait did
        else:
            self._hangs = 0
        if failed is not None:
            raise failed
        return future.result()

    def close(self) -> None:
        """Begin no more calls; those under way are not waited for."""
        self._threads.shutdown(wait=False)

    def _let_through(self) -> None:
        """Raise Hanging while the circuit is open."""
        with self._lock:
            if self._hangs < HANGS:
                return
            now = monotonic()
            if now < self._closed_until:
                raise Hanging("it has not answered for a while and is asked again in a moment")
            # This call tries for all.
            self._closed_until = now + REST_SECONDS

    def _hung(self) -> None:
        with self._lock:
            self._hangs += 1
            self._closed_until = monotonic() + REST_SECONDS


def _in_slices(has_come: Callable[[float], bool], end: float) -> bool:
    """Wait until `has_come` or until `end`, and look now and then whether the wait is to end early."""
    while True:
        left = max(0.0, end - monotonic())
        if has_come(min(left, LOOK_SECONDS)):
            return True
        if left <= LOOK_SECONDS or seconds_left() == 0:
            return False
        heed_interruption()
