"""What is remembered for a while in this process: sign-ins and finished answers."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from cachetools import LRUCache

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """A bounded cache whose entries end; what was used least recently goes first. Thread-safe.

    `most` bounds the number of entries, or the sum of their sizes where `size_of` is given; what is larger than that
    alone is not kept.
    """

    def __init__(self, most: int, size_of: Callable[[V], int] | None = None) -> None:
        self._lock = threading.Lock()
        sized = None if size_of is None else (lambda entry: size_of(entry[1]))
        self._entries: LRUCache[K, tuple[datetime, V]] = LRUCache(most, sized)

    def get(self, key: K, now: datetime) -> V | None:
        """Return what was put under `key`; None when it was not, or has ended."""
        try:
            with self._lock:
                ends, value = self._entries[key]
        except KeyError:
            return None
        return value if now < ends else None

    def put(self, key: K, value: V, ends: datetime) -> None:
        """Remember `value` until `ends`."""
        with self._lock:
            try:
                self._entries[key] = (ends, value)
            except ValueError:  # larger than everything that may be kept
                self._entries.pop(key, None)

    def forget(self, wanted: Callable[[K], bool]) -> None:
        """Drop all entries whose key is wanted gone."""
        with self._lock:
            for key in [key for key in self._entries if wanted(key)]:
                del self._entries[key]
