"""What every job works with, handed in once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from opencbr.cloud.cloud import Cloud
from opencbr.jobs.intervals import SharedAnswers
from opencbr.jobs.settings import WorkerSettings
from opencbr.model.clock import Clock
from opencbr.records.archive import Records
from opencbr.store.database import Database

A = TypeVar("A")
B = TypeVar("B")

_PARALLEL = 8
"""Upstream calls of one job at once; the cloud's own limit holds for all jobs together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudContext:
    """What it takes to work on the cloud by the ledger.

    `guard` raises Lost when this worker may have been declared dead: it is called before every upstream
    write. `shared` are the answers of the cloud that all who have this context share.
    """

    database: Database
    cloud: Cloud
    clock: Clock
    settings: WorkerSettings
    guard: Callable[[], None]
    shared: SharedAnswers = field(default_factory=SharedAnswers)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext(CloudContext):
    """A worker's tools.

    `installation` is the eight hex digits that tell our upstream objects from another installation's.
    """

    records: Records
    installation: str


def parallel(work: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """Run `work` on all items at once and return the results in the same sequence.

    All are waited for even when one fails, so that no thread still works while the job's compensation does; then
    the first error is raised.
    """
    if len(items) <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(len(items), _PARALLEL)) as pool:
        futures = [pool.submit(copy_context().run, work, item) for item in items]
    return [future.result() for future in futures]
