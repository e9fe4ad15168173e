"""Which cases of a matrix stay in the fast suite, and which of two databases has a thorough one in CI (CONTRIBUTING)."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BY_MODULE = [str(Path(__file__).parents[1] / name) for name in ("democloud", "openstack", "sdk")]
ON = re.compile(r"\[.*\b(postgres|embedded|real)\b.*\]$")
"""Where a test is run, as its name's end tells."""
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

@pytest.fixture(params=["sqlite", "postgres"])
def runner(request): pass

@pytest.mark.kill
@pytest.mark.thorough
@pytest.mark.parametrize("step", range(20))
def test_death(dialect, step): pass

@pytest.mark.thorough
@pytest.mark.parametrize("fault", range(20))
def test_fault(runner, fault): pass

@pytest.mark.thorough
@pytest.mark.parametrize("page", range(20))
def test_page(page): pass

def test_fast(): pass

@pytest.mark.parametrize("value", range(20))
def test_twice(dialect, value): pass
"""


def test_thorough_cases_take_turns_and_fast_ones_do_on_postgres(pytester, monkeypatch):
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

    everything = 2 * 20 + 2 * 20 + 20 + 1 + 2 * 20
    assert len(taken("")) == everything
    turns = [taken(f"{commit:x}") for commit in range(48)]
    for one in turns:
        assert "test_fast" in one
        thorough = [name for name in one if not name.startswith(("test_fast", "test_twice"))]
        cases = [re.sub(r"\[(sqlite|postgres)-", "[", name) for name in thorough]
        assert len(cases) == len(set(cases)), "one database has it"
        assert len(thorough) < 100 / 3 + 5
        twice = [name for name in one if name.startswith("test_twice")]
        assert len([name for name in twice if "sqlite" in name]) == 20
        assert 2 < len([name for name in twice if "postgres" in name]) < 18
    assert len({name for one in turns for name in one}) == everything, "no case is left out for ever"


def test_a_module_takes_its_turn_as_a_whole():
    """Tests of the whole service go on from one another; those of the real cloud share what is slow to make there."""

    def taken(turn: str) -> Counter[tuple[str, ...]]:
        command = (
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
        )
        env = os.environ | {"OPENCBR_TEST_TURN": turn}
        run = subprocess.run([*command, *BY_MODULE], check=True, capture_output=True, text=True, env=env)
        lines = [line for line in run.stdout.splitlines() if "::" in line]
        return Counter((one.partition("::")[0], on[1]) for one in lines if (on := ON.search(one)))

    everything, *turns = [taken(turn) for turn in ("", "a", "b", "c", "d")]
    for one in turns:
        assert one
        assert one.items() < everything.items()
