"""Deaths that each database would have are met by one of them, by the other at another commit: CI's time is bounded.

`OPENCBR_TEST_TURN` is any word, such as the commit's; without it every database has every death (as a person who runs
`make test-thorough` and `make test-postgres` has it).
"""

import os
from zlib import crc32

import pytest

from .databases import POSTGRES, SQLITE

VARIABLE = "OPENCBR_TEST_TURN"


def take_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the thorough deaths that are the other database's this time."""
    turn = os.environ.get(VARIABLE)
    if not turn:
        return
    later = {item for item in items if _dialect(item) not in (None, whose(turn, item.nodeid))}
    items[:] = [item for item in items if item not in later]
    config.hook.pytest_deselected(items=list(later))


def whose(turn: str, nodeid: str) -> str:
    """Say which database a case is for in this turn; its id is the same but for the database."""
    for dialect in (SQLITE, POSTGRES):
        nodeid = nodeid.replace(f"[{dialect}", "[")
    return (SQLITE, POSTGRES)[crc32(f"{turn} {nodeid}".encode()) % 2]


def _dialect(item: pytest.Item) -> str | None:
    if item.get_closest_marker("kill") and item.get_closest_marker("thorough"):
        assert isinstance(item, pytest.Function)
        return item.callspec.params.get("dialect")  # type: ignore[return-value]
    return None
