"""Requests that are under way at once, one transaction at a time, in an order that a test chooses.

The unit is a whole transaction of `Database`: inside of it the database keeps order by its locks, between two of a request
anything may happen. What a request does from one to the next (it asks the cloud, say) belongs to the one before.
Nothing is left to luck: one request runs, the others stand before their next transactions.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Condition
from typing import TypeVar
from unittest.mock import patch

from sqlalchemy import Connection

from opencbr.observe.log import request_id
from opencbr.store.database import Database

T = TypeVar("T")

Choose = Callable[[Sequence[int]], int]
"""Given the numbers of the requests that stand before a transaction, names the one that goes on."""

HANGS_SECONDS = 120.0


def orders() -> Iterator[Choose]:
    """Give every order there is, each once; ask for the next one when what was given has been used."""
    ahead: list[int] = []
    while True:
        taken: list[tuple[int, int]] = []

        def choose(
            ready: Sequence[int], ahead: list[int] = ahead, taken: list[tuple[int, int]] = taken
        ) -> int:
            place = ahead[len(taken)] if len(taken) < len(ahead) else 0
            taken.append((place, len(ready)))
            return ready[place]

        yield choose
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        ahead = [place for place, _ in taken]
        ahead[-1] += 1


def interleaved(database: Database, requests: Sequence[Callable[[], T]], choose: Choose) -> list[T]:
    """Let all requests be under way at once, their transactions in this order; return what each has answered.

    Each is one of the server in this process, or names itself in the log (`observe.log.about`). `choose` is asked only
    where there is a choice.
    """
    gate = _Gate()
    with (
        ThreadPoolExecutor(len(requests)) as threads,
        patch.object(database, "read", gate.before(database.read)),
        patch.object(database, "write", gate.before(database.write)),
    ):
        try:
            answers = [threads.submit(gate.run, number, one) for number, one in _begun(gate, requests)]
            while ready := sorted(gate.standing):
                gate.let(choose(ready) if len(ready) > 1 else ready[0])
        finally:
            gate.open()
    return [answer.result() for answer in answers]


def _begun(gate: "_Gate", requests: Sequence[Callable[[], T]]) -> Iterator[tuple[int, Callable[[], T]]]:
    """Begin one after the other: who is unknown at the gate is the one that was begun last."""
    for number, request in enumerate(requests):
        gate.running = number
        yield number, request
        gate.wait()


class _Gate:
    """Stands before every transaction of a request."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._numbers: dict[str, int] = {}
        self._is_open = False
        self.standing: set[int] = set()
        self.running: int | None = None

    def before(
        self, begin: Callable[[], AbstractContextManager[Connection]]
    ) -> Callable[[], AbstractContextManager[Connection]]:
        @contextmanager
        def gated() -> Iterator[Connection]:
            if name := request_id.get():
                self._stand(name)
            with begin() as connection:
                yield connection

        return gated

    def run(self, number: int, request: Callable[[], T]) -> T:
        """Carry a request out, and tell that it has ended."""
        try:
            return request()
        finally:
            with self._changed:
                if self.running == number:
                    self.running = None
                self._changed.notify_all()

    def let(self, number: int) -> None:
        """Let a request go on, and wait until it stands here again or has ended."""
        with self._changed:
            self.standing.remove(number)
            self.running = number
            self._changed.notify_all()
        self.wait()

    def wait(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.running is None, HANGS_SECONDS), "a request hangs"

    def open(self) -> None:
        """Let everybody go on, when a test has failed."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def _stand(self, name: str) -> None:
        with self._changed:
            if self._is_open:
                return
            assert self.running is not None, "nobody's turn"
            number = self._numbers.setdefault(name, self.running)
            self.standing.add(number)
            self.running = None
            self._changed.notify_all()
            passed = self._changed.wait_for(lambda: self._is_open or self.running == number, HANGS_SECONDS)
            assert passed, "nobody lets this request go on"
