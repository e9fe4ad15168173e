"""What is remembered for a while in this process: sign-ins and finished answers."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """A bounded cache whose entries end; what was used least recently goes first. Thread-safe.

    `most` bounds the number of entries, or the sum of their sizes where `size_of` is given; what is larger than that
    alone is not kept. Every request looks into it two times: cachetools' LRUCache takes four times as long.
    """

    def __init__(self, most: int, size_of: Callable[[V], int] = lambda _value: 1) -> None:
        self._most = most
        self._size_of = size_of
        self._size = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[datetime, V]] = OrderedDict()
        self.forgotten = 0
        """Counts calls of `forget`: a reader notes it before its query, so that
        `put` can refuse an answer that a deletion has overtaken.
        """

    def get(self, key: K, now: datetime) -> V | None:
        """Return what was put under `key`; None when it was not, or has ended."""
        # Without the lock, which would be a third of the cost: either call is one step of the interpreter's.
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now >= entry[0]:
            with self._lock:
                self._drop(key)
            return None
        try:
            self._entries.move_to_end(key)
        except KeyError:  # another thread has dropped it since
            return None
        return entry[1]

    def put(self, key: K, value: V, now: datetime, ends: datetime, *, since: int | None = None) -> None:
        """Remember `value` until `ends`; not when something was forgotten after `since`, a reading of `forgotten`."""
        with self._lock:
            if since is not None and since != self.forgotten:
                return
            self._drop(key)
            if self._size_of(value) <= self._most:
                self._entries[key] = (ends, value)
                self._size += self._size_of(value)
            while self._entries:
                oldest = next(iter(self._entries))
                if self._size <= self._most and now < self._entries[oldest][0]:
                    break
                self._drop(oldest)

    def forget(self, wanted: Callable[[K], bool]) -> None:
        """Drop all entries whose key is wanted gone."""
        with self._lock:
            self.forgotten += 1
            # A list made in one step: `get` may reorder the entries while `wanted` runs.
            for key in list(self._entries):
                if wanted(key):
                    self._drop(key)

    def _drop(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= self._size_of(entry[1])
