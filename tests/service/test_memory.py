"""What is remembered ends in time, stays within its bound, and loses first what was used least recently."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from opencbr.service.memory import Memory

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEYS = st.integers(0, 6)


def test_an_entry_ends_when_it_was_said_to():
    memory = Memory[str, str](2)
    memory.put("a", "x", START + timedelta(seconds=60))
    assert memory.get("a", START + timedelta(seconds=59)) == "x"
    assert memory.get("a", START + timedelta(seconds=60)) is None
    assert memory.get("b", START) is None


def test_what_was_used_least_recently_goes_first():
    memory = Memory[str, int](2)
    end = START + timedelta(1)
    memory.put("a", 1, end)
    memory.put("b", 2, end)
    assert memory.get("a", START) == 1
    memory.put("c", 3, end)
    assert [memory.get(key, START) for key in "abc"] == [1, None, 3]


@pytest.mark.parametrize("size", [4, 5])
def test_what_is_larger_than_everything_is_not_kept_and_drives_nobody_out(size):
    memory = Memory[str, bytes](4, len)
    end = START + timedelta(1)
    memory.put("a", b"xx", end)
    memory.put("b", b"x" * size, end)
    kept = (memory.get("a", START), memory.get("b", START))
    assert kept == ((None, b"xxxx") if size == 4 else (b"xx", None))


class SizedMemory(RuleBasedStateMachine):
    """Beside a list that does the same slowly: newest use last."""

    MOST = 10

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory[int, bytes](self.MOST, len)
        self.slow: list[tuple[int, bytes]] = []

    @rule(key=KEYS, size=st.integers(0, 12))
    def put(self, key, size):
        value = bytes(size)
        self.memory.put(key, value, START + timedelta(1))
        self.slow = [entry for entry in self.slow if entry[0] != key]
        if size <= self.MOST:
            self.slow.append((key, value))
        while sum(len(entry[1]) for entry in self.slow) > self.MOST:
            self.slow.pop(0)

    @rule(key=KEYS)
    def get(self, key):
        entry = next((entry for entry in self.slow if entry[0] == key), None)
        assert self.memory.get(key, START) == (None if entry is None else entry[1])
        if entry is not None:
            self.slow.remove(entry)
            self.slow.append(entry)

    @rule(wanted=st.sets(KEYS))
    def forget(self, wanted):
        self.memory.forget(wanted.__contains__)
        self.slow = [entry for entry in self.slow if entry[0] not in wanted]

    @invariant()
    def holds_the_same(self):
        # Read in the order of use, so that reading changes nothing.
        assert [self.memory.get(key, START) for key, _ in self.slow] == [value for _, value in self.slow]


TestSizedMemory = SizedMemory.TestCase
