"""Several things done at once for one caller: its deadline, its interruption and its name in the log go with each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def parallel(work: Callable[[A], B], items: Sequence[A], *, at_once: int) -> list[B]:
    """Run `work` on all items, so many at once, and return the results in the same sequence.

    All are waited for even when one fails, so that no thread still works for somebody who has gone on; then the first error
    is raised.
    """
    if len(items) <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(len(items), at_once)) as pool:
        futures = [pool.submit(copy_context().run, work, item) for item in items]
    return [future.result() for future in futures]
