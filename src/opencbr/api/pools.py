"""Threads by what their work waits for, so that one kind of waiting never takes the threads of another (bulkheads).

The event loop takes requests in and reads bodies; whatever may block runs here. A request waits for a free thread until its
deadline, and is answered 503 when the queue is full. Projects take turns: one that sends more than can be done waits for
itself, and some threads and places are always left to the others.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from opencbr.deadline import seconds_left

T = TypeVar("T")

QUEUE = 32
"""So many requests for each thread may wait for it."""
_GRACE_SECONDS = 5.0
"""What has begun has the request's deadline itself; only what does not keep it is left alone so long after."""


class Busy(Exception):
    """No thread was free in time, or the work did not end by the deadline."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    sender: str
    ended: "asyncio.Future[Any]"
    begun: bool = False


class Pool:
    """A bounded number of threads and of requests that wait for them; used from one event loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._idle = threads
        self._free = threads * (1 + QUEUE)
        # What one sender may have of each.
        self._most_threads = max(1, threads * 3 // 4)
        self._most_places = self._free * 3 // 4
        self._running: Counter[str] = Counter()
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Job]] = {}
        """By sender; whose turn is next stands first."""

    async def run(self, work: Callable[[], T], sender: str = "") -> T:
        """Run `work` in a thread, in a copy of this task's context; raises Busy and what `work` raises.

        `sender` is the project that it is done for, "" where nobody knows: those share everything among themselves.
        """
        if self._free == 0 or (sender and self._held[sender] >= self._most_places):
            raise Busy
        ended: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(partial(copy_context().run, work), sender, ended)
        self._free -= 1
        self._held[sender] += 1
        self._waiting.setdefault(sender, deque()).append(job)
        self._begin()
        await asyncio.wait((ended,), timeout=seconds_left())
        if not ended.done() and job.begun:
            await asyncio.wait((ended,), timeout=_GRACE_SECONDS)
        if not ended.done() and not job.begun:
            self._left(job)
        if not ended.done() or ended.cancelled():
            raise Busy
        return ended.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        """Give each idle thread the first job of the next sender who may have one more."""
        while self._idle:
            sender = next((one for one in self._waiting if self._may(one)), None)
            if sender is None:
                return
            jobs = self._waiting.pop(sender)
            job = jobs.popleft()
            if jobs:
                self._waiting[sender] = jobs  # behind the others
            job.begun = True
            self._idle -= 1
            self._running[sender] += 1
            asyncio.wrap_future(self._threads.submit(job.work)).add_done_callback(partial(self._over, job))

    def _may(self, sender: str) -> bool:
        return not sender or self._running[sender] < self._most_threads

    def _over(self, job: _Job, done: "asyncio.Future[Any]") -> None:
        self._idle += 1
        _count_down(self._running, job.sender)
        self._gone(job)
        if done.cancelled():
            job.ended.cancel()
        elif error := done.exception():
            job.ended.set_exception(error)
            job.ended.exception()  # nobody may be there any more to look at it
        else:
            job.ended.set_result(done.result())
        self._begin()

    def _left(self, job: _Job) -> None:
        """Take out of the queue what was not begun in time."""
        jobs = self._waiting.get(job.sender, deque())
        if job in jobs:
            jobs.remove(job)
            if not jobs:
                del self._waiting[job.sender]
        self._gone(job)

    def _gone(self, job: _Job) -> None:
        self._free += 1
        _count_down(self._held, job.sender)


def _count_down(counter: Counter[str], sender: str) -> None:
    counter[sender] -= 1
    if not counter[sender]:
        del counter[sender]


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
