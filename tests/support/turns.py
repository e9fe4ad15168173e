"""Cases take turns from day to day where the time of a run is bounded, as in CI.

With `OPENCBR_TEST_TURN` (any word; CI takes the day of the commit, so that what was tried before it is what it tries) a
thorough case is run on one of six days; of one that SQLite and PostgreSQL each have, one day has it on the one, another
on the other. What the fast suite has on SQLite is run on PostgreSQL on one of two days, and so are the console's pages walked
by keyboard and in the dark. A module of the whole service takes its turn as a whole, on the embedded cloud as on the real
one: its tests go on from one another. What the embedded cloud is held against is asked of the real one on one of two days,
a module at a time. Without the variable every case is run (as a person who runs `make test-thorough`, `make test-postgres`
and `make test-postgres-thorough` has it).
"""

import os
from pathlib import Path
from zlib import crc32

import pytest

from .databases import POSTGRES, SQLITE

VARIABLE = "OPENCBR_TEST_TURN"

_TURNS = 6
_FAST_TURNS = 2
_CONFORMANCE = Path(__file__).parents[1] / "democloud"
_WHOLE_SERVICE = {Path(__file__).parents[1] / name for name in ("openstack", "sdk")}


def take_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the cases whose turn is another."""
    turn = os.environ.get(VARIABLE)
    if not turn:
        return
    later = {item for item in items if not _is_due(turn, item)}
    items[:] = [item for item in items if item not in later]
    config.hook.pytest_deselected(items=list(later))


def has_its_turn(name: str, days: int) -> bool:
    """Say whether one of the things that a test goes through is looked at in this run, as it is on one of so many days."""
    turn = os.environ.get(VARIABLE)
    return not turn or crc32(f"{turn} {name}".encode()) % days == 0


def _is_due(turn: str, item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    dialects = (SQLITE, POSTGRES)
    nodeid = item.nodeid
    if not _WHOLE_SERVICE.isdisjoint(item.path.parents):
        nodeid = nodeid.partition("::")[0]
    for dialect in dialects:  # a case's id is the same but for the database
        nodeid = nodeid.replace(f"[{dialect}", "[")
    drawn = crc32(f"{turn} {nodeid}".encode())
    callspec = getattr(item, "callspec", None)
    given = callspec.params.values() if callspec else ()
    dialect = next((one for one in given if isinstance(one, str) and one in dialects), dialects[0])
    if item.get_closest_marker("thorough"):
        return drawn % _TURNS == dialects.index(dialect)
    if item.get_closest_marker("openstack") and _CONFORMANCE in item.path.parents:
        return has_its_turn(nodeid.partition("::")[0], _FAST_TURNS)
    return dialect == SQLITE or has_its_turn(nodeid, _FAST_TURNS)
