"""Which cases of a matrix stay in the fast suite (CONTRIBUTING)."""

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
