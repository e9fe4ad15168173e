"""Every trap of the contract (docs/contract/traps.md) is named by a test that shows it, or is of something not offered yet."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/contract/traps.md").read_text()
TRAPS = re.findall(r"^### (T\d+) ", PAGE, re.MULTILINE)

NOT_OFFERED = {
    "T27": "ListExternalVault and replication, whose members are misspelt, are not offered",
    "T24": "backups are not shared yet, so a path has no member_id",
}
"""Trap -> why there is nothing to show yet."""

_NAMED = re.compile(r"\btraps?[ _]t\d+(?:(?:,| and| to) t\d+)*", re.IGNORECASE)


def named(text: str) -> set[str]:
    """Return the traps that a text names: "trap T5", "traps T4 and T5", "…_trap_t14"."""
    text = re.sub(r"\s*\n\s*(?:# )?", " ", text).replace("_trap_t", " trap t")
    return {
        trap.upper() for found in _NAMED.findall(text) for trap in re.findall(r"t\d+", found, re.IGNORECASE)
    }


@cache
def shown() -> dict[str, set[str]]:
    """Find the tests that name each trap, in their name, docstring or comments."""
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text()
        if path == Path(__file__) or "trap" not in text.lower():
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for trap in named(ast.get_source_segment(text, node) or ""):
                    found.setdefault(trap, set()).add(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def test_there_are_thirty_traps() -> None:
    assert [f"T{number}" for number in range(1, 31)] == TRAPS


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_shown_by_a_test_that_names_it(trap: str) -> None:
    assert (trap in shown()) != (trap in NOT_OFFERED), NOT_OFFERED.get(
        trap, "name it in the test that shows it"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Told so (traps T4 and T5)."""', {"T4", "T5"}),
        ("def test_patterns_trap_t14(cbr):", {"T14"}),
        ("# what comes, as in\n    # trap T9", {"T9"}),
        ("the answer has T9 in it", set()),
    ],
)
def test_a_name_is_read_as_written(text: str, expected: set[str]) -> None:
    assert named(text) == expected
