"""Which cases of a matrix the fast suite runs: those that are left out get the marker `thorough`."""

from collections import defaultdict
from collections.abc import Iterable

import pytest


def leave_the_rest_to_thorough(items: Iterable[pytest.Item]) -> None:
    """Read the marker `matrix` of each test.

    `matrix(fast=3)` keeps three cases, spread evenly; plain `matrix` keeps so many that each value of each
    parameter is met once. The cases of a test are counted for each of its fixtures' parameters (databases) apart.
    """
    matrices: dict[object, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("matrix"):
            own = _own_parameters(item)
            fixtures = frozenset(_values(item, item.callspec.params.keys() - own))
            matrices[item.parent, item.originalname, fixtures].append(item)
    for cases in matrices.values():
        count = cases[0].get_closest_marker("matrix").kwargs.get("fast")  # type: ignore[union-attr]
        kept = _each_value_once(cases) if count is None else _spread(cases, count)
        for case in cases:
            if case not in kept:
                case.add_marker(pytest.mark.thorough)


Value = tuple[str, int]
"""A parameter's name and the identity of its value: not every value can be hashed."""


def _values(item: pytest.Function, names: Iterable[str]) -> set[Value]:
    return {(name, id(item.callspec.params[name])) for name in names}


def _own_parameters(item: pytest.Function) -> set[str]:
    names = set()
    for marker in item.iter_markers("parametrize"):
        given = marker.args[0]
        names |= {name.strip() for name in given.split(",")} if isinstance(given, str) else set(given)
    return names


def _spread(cases: list[pytest.Function], count: int) -> list[pytest.Function]:
    return [cases[number * len(cases) // count] for number in range(min(count, len(cases)))]


def _each_value_once(cases: list[pytest.Function]) -> list[pytest.Function]:
    """Along the diagonal first, then what has a value that was not met."""
    met: set[Value] = set()
    kept = []
    for enough in (all, any):
        for case in cases:
            values = _values(case, _own_parameters(case))
            if enough(value not in met for value in values):
                met |= values
                kept.append(case)
    return kept
