"""Connections that wait for their next use: the one used last is used next, for it is warm in the processor's cache."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class _Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)


class Idle(Generic[C]):
    """Connections, opened by `connect` when none is idle. Thread-safe: a list's own steps are one each."""

    def __init__(self, connect: Callable[[], C]) -> None:
        self._connect = connect
        self._waiting: list[C] = []

    def take(self) -> tuple[C, bool]:
        """Take a connection; say whether it has been used before. Give it back, or close it."""
        try:
            return self._waiting.pop(), True
        except IndexError:
            return self._connect(), False

    def give(self, connection: C) -> None:
        """Give back a connection that is fit for another use."""
        self._waiting.append(connection)

    def close(self) -> None:
        """Close those that wait."""
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.close()
