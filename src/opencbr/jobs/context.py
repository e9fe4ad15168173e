"""What every job works with, handed in once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.shared_documents import SharedDocuments
from opencbr.jobs.intervals import SharedAnswers
from opencbr.jobs.settings import DrillSettings, WorkerSettings
from opencbr.model.clock import Clock
from opencbr.parallel import parallel as _parallel
from opencbr.records.archive import Records
from opencbr.store.database import Database

A = TypeVar("A")
B = TypeVar("B")

_AT_ONCE = 8
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

    `installation` is the eight hex digits that tell our upstream objects from another installation's. `drill` is what the
    operator has set up for restore drills. `documents` are those that captures made together share.
    """

    records: Records
    installation: str
    drill: DrillSettings = field(default_factory=DrillSettings)
    documents: SharedDocuments = field(default_factory=SharedDocuments)


def parallel(work: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """Run `work` on all items at once, as `opencbr.parallel` does: nothing still works while the job's compensation does."""
    return _parallel(work, items, at_once=_AT_ONCE)
