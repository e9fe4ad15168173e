"""What is done side by side for a caller is done within its deadline."""

import ast
from pathlib import Path

import pytest

import opencbr
from opencbr.deadline import seconds_left, within
from opencbr.parallel import parallel

SOURCE = Path(opencbr.__file__).parent
OF_THEIR_OWN = {
    "parallel.py",
    "api/pools.py",  # the threads that answer requests
    "cloud/cloud.py",  # the threads of Reader.at_once
    "cloud/breaker.py",  # the threads that call one service
}
"""Modules that have threads; each hands the context on, or is where it begins."""


@pytest.mark.parametrize("count", [1, 3])
def test_the_deadline_goes_with_each(count: int):
    with within(3600):
        assert all(parallel(lambda _: seconds_left(), range(count), at_once=8))
    assert parallel(lambda _: seconds_left(), range(count), at_once=8) == [None] * count


def test_all_are_waited_for_and_the_first_error_is_raised():
    ended = []

    def work(number: int) -> None:
        ended.append(number)
        if number < 2:
            raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        parallel(work, range(4), at_once=4)
    assert sorted(ended) == [0, 1, 2, 3]


def test_no_other_module_has_threads_for_calls():
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if "democloud" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == "ThreadPoolExecutor"
    }
    assert found <= OF_THEIR_OWN
