"""What is remembered ends in time, stays within its bound, and loses first what was used least recently."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from opencbr.service.cache import Cache

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEYS = st.integers(0, 6)


def test_an_entry_ends_when_it_was_said_to():
    cache = Cache[str, str](2)
    cache.put("a", "x", START, START + timedelta(seconds=60))
    assert cache.get("a", START + timedelta(seconds=59)) == "x"
    assert cache.get("a", START + timedelta(seconds=60)) is None
    assert cache.get("b", START) is None


def test_what_was_used_least_recently_goes_first():
    cache = Cache[str, int](2)
    end = START + timedelta(1)
    cache.put("a", 1, START, end)
    cache.put("b", 2, START, end)
    assert cache.get("a", START) == 1
    cache.put("c", 3, START, end)
    assert [cache.get(key, START) for key in "abc"] == [1, None, 3]


@pytest.mark.parametrize("size", [4, 5])
def test_what_is_larger_than_everything_is_not_kept_and_drives_nobody_out(size):
    cache = Cache[str, bytes](4, len)
    end = START + timedelta(1)
    cache.put("a", b"xx", START, end)
    cache.put("b", b"x" * size, START, end)
    kept = (cache.get("a", START), cache.get("b", START))
    assert kept == ((None, b"xxxx") if size == 4 else (b"xx", None))


def test_what_has_ended_does_not_stay_in_memory():
    cache = Cache[str, bytes](10, len)
    held = [b"secret-%d" % number for number in range(3)]
    before = [sys.getrefcount(one) for one in held]
    cache.put("asked again", held[0], START, START + timedelta(1))
    cache.put("asked late", held[1], START, START + timedelta(1))
    assert cache.get("asked again", START + timedelta(2)) is None
    cache.put("new", b"", START + timedelta(2), START + timedelta(3))
    assert [sys.getrefcount(one) for one in held] == before


def test_what_was_read_before_something_was_forgotten_is_not_kept():
    cache = Cache[str, int](2)
    since = cache.forgotten
    cache.forget(lambda key: key == "a")
    cache.put("a", 1, START, START + timedelta(1), since=since)
    assert cache.get("a", START) is None
    cache.put("a", 1, START, START + timedelta(1), since=cache.forgotten)
    assert cache.get("a", START) == 1


def test_threads_that_read_disturb_nobody_who_forgets():
    cache = Cache[int, int](2_000)
    for key in range(2_000):
        cache.put(key, key, START, START + timedelta(1))
    halt = threading.Event()

    def read() -> int:
        rounds = 0
        while not halt.is_set():
            rounds += sum(cache.get(key, START) is not None for key in range(0, 2_000, 7))
        return rounds

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(300):
                cache.forget(lambda key, number=number: key == number)
        finally:
            halt.set()
            sys.setswitchinterval(interval)
        assert all(reader.result() for reader in readers)
    assert [cache.get(key, START) for key in (0, 299, 300)] == [None, None, 300]


class SizedCache(RuleBasedStateMachine):
    """Beside a list that does the same slowly: newest use last."""

    MOST = 10

    def __init__(self) -> None:
        super().__init__()
        self.cache = Cache[int, bytes](self.MOST, len)
        self.slow: list[tuple[int, bytes]] = []

    @rule(key=KEYS, size=st.integers(0, 12))
    def put(self, key, size):
        value = bytes(size)
        self.cache.put(key, value, START, START + timedelta(1))
        self.slow = [entry for entry in self.slow if entry[0] != key]
        if size <= self.MOST:
            self.slow.append((key, value))
        while sum(len(entry[1]) for entry in self.slow) > self.MOST:
            self.slow.pop(0)

    @rule(key=KEYS)
    def get(self, key):
        entry = next((entry for entry in self.slow if entry[0] == key), None)
        assert self.cache.get(key, START) == (None if entry is None else entry[1])
        if entry is not None:
            self.slow.remove(entry)
            self.slow.append(entry)

    @rule(wanted=st.sets(KEYS))
    def forget(self, wanted):
        self.cache.forget(wanted.__contains__)
        self.slow = [entry for entry in self.slow if entry[0] not in wanted]

    @invariant()
    def holds_the_same(self):
        # Read in the order of use, so that reading changes nothing.
        assert [self.cache.get(key, START) for key, _ in self.slow] == [value for _, value in self.slow]


TestSizedCache = SizedCache.TestCase
