"""Which cases of a matrix stay in the fast suite, and which of two databases has a death in CI (CONTRIBUTING)."""

import pytest

MATRIX = """
import pytest

@pytest.fixture(params=["sqlite", "postgres"])
def database(request): pass

@pytest.mark.matrix
@pytest.mark.parametrize("a", [[1], [2], [3]], ids=str)
@pytest.mark.parametrize("b", ["x", "y"])
def test_each(database, a, b): pass

@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("a", range(9))
def test_some(a): pass
"""


@pytest.fixture(name="chosen")
def _chosen(pytester):
    pytester.makeconftest("""
import pytest
from support.matrices import leave_the_rest_to_thorough

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    leave_the_rest_to_thorough(items)
""")
    pytester.makepyfile(MATRIX)

    def choose(words: str) -> list[str]:
        lines = pytester.runpytest("--collect-only", "-q", "-m", words).outlines
        return [line.partition("::")[2] for line in lines if "::" in line]

    return choose


def test_each_value_stays_once_on_each_database_and_nothing_is_lost(chosen):
    fast, thorough = chosen("not thorough"), chosen("thorough")
    assert [one for one in fast if "sqlite" in one] == [
        "test_each[sqlite-x-[1]]",
        "test_each[sqlite-x-[3]]",
        "test_each[sqlite-y-[2]]",
    ]
    assert len([one for one in fast if "postgres" in one]) == 3
    assert [one for one in fast if "some" in one] == ["test_some[0]", "test_some[4]"]
    assert len(fast) + len(thorough) == len({*fast, *thorough}) == 2 * 6 + 9


DEATHS = """
import pytest

@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request): pass

@pytest.mark.kill
@pytest.mark.thorough
@pytest.mark.parametrize("step", range(20))
def test_death(dialect, step): pass

@pytest.mark.thorough
def test_other(dialect): pass
"""


def test_a_death_is_one_databases_in_each_turn_and_the_other_ones_in_another(pytester, monkeypatch):
    pytester.makeconftest("""
from support.turns import take_turns

def pytest_collection_modifyitems(config, items):
    take_turns(config, items)
""")
    pytester.makepyfile(DEATHS)

    def taken(turn: str) -> list[str]:
        monkeypatch.setenv("OPENCBR_TEST_TURN", turn)
        lines = pytester.runpytest("--collect-only", "-q").outlines
        return [line.partition("::")[2] for line in lines if "::" in line]

    assert len(taken("")) == 2 * 20 + 2
    turns = [taken(commit) for commit in ("3f2a", "90bc", "7e01", "c4d8", "15aa", "e6f7", "0b3c", "d2d2")]
    for one in turns:
        assert one.count("test_other[sqlite]") == one.count("test_other[postgres]") == 1
        assert sorted(name.partition("-")[2] for name in one if "death" in name) == sorted(
            f"{step}]" for step in range(20)
        )
    assert len({name for one in turns for name in one}) == 2 * 20 + 2, "no death is left out for ever"
