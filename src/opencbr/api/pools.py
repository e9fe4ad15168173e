"""Threads by what their work waits for, so that one kind of waiting never takes the threads of another (bulkheads).

The event loop takes requests in and reads bodies; whatever may block runs here. A request waits for a free thread until its
deadline, and is answered 503 when the queue is full.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from opencbr.deadline import seconds_left

T = TypeVar("T")

QUEUE = 32
"""So many requests for each thread may wait for it."""
_GRACE_SECONDS = 5.0
"""What has begun has the request's deadline itself; only what does not keep it is left alone so long after."""


class Busy(Exception):
    """No thread was free in time, or the work did not end by the deadline."""


class Pool:
    """A bounded number of threads and of requests that wait for them; used from one event loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads * (1 + QUEUE)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread, in a copy of this task's context; raises Busy and what `work` raises."""
        if self._free == 0:
            raise Busy
        self._free -= 1
        begun = self._threads.submit(copy_context().run, work)
        ended = asyncio.wrap_future(begun)
        ended.add_done_callback(self._freed)
        left = seconds_left()
        await asyncio.wait((ended,), timeout=left)
        if not ended.done() and not begun.cancel():
            await asyncio.wait((ended,), timeout=_GRACE_SECONDS)
        if not ended.done() or ended.cancelled():
            raise Busy
        return ended.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _freed(self, ended: "asyncio.Future[T]") -> None:
        self._free += 1
        if not ended.cancelled():
            ended.exception()  # nobody may be there any more to look at it


class Pools:
    """The kinds of work, each with so many threads: reading the database, changing it, asking the cloud, signing in.

    Pages wait for the answers of operations, so their threads are others than those.
    Signatures are checked apart from those: a long request of somebody who only knows an access key's id costs time too.
    """

    def __init__(self, threads: int) -> None:
        self.reads = Pool("reads", threads)
        self.changes = Pool("changes", threads)
        self.upstream = Pool("upstream", threads)
        self.sign_in = Pool("sign-in", threads)
        self.signatures = Pool("signatures", threads)
        self.pages = Pool("pages", threads)
        self.readiness = Pool("readiness", 2)  # one asks, and the other tells what is known

    def close(self) -> None:
        """Begin nothing more."""
        for pool in vars(self).values():
            pool.close()
