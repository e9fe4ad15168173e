"""The port to the engine of durable work: what a job may ask of it, and how a step can end.

An engine runs `work(job)` for every submitted id, once, whoever dies: a finished step is never run again, an
unfinished one is run anew by the next worker. So a step must find its own earlier attempt; no engine gives
exactly-once towards a cloud.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

Small = None | bool | int | str | list[str]
"""What a step may return.

It is journaled in the engine's own database, so ids and counts only, never a secret or a document.
"""


T = TypeVar("T", bound=Small)


class StepFailed(Exception):
    """A step ended for good: `code` of the catalogue and one sentence for the operation log."""

    def __init__(self, step: str, code: str, message: str) -> None:
        super().__init__(f"step {step}: {message}")
        self.step = step
        self.code = code
        self.message = message


class Cancelled(Exception):
    """Somebody asked for an end; the job walks its compensation path. `step` is where it was seen."""

    def __init__(self, step: str = "") -> None:
        super().__init__(step)
        self.step = step


class Lost(BaseException):
    """This worker was declared dead and another one has its jobs.

    Stop without a trace, compensation included.

    Not an Exception, so that no clean-up of ours catches it.
    """


class Job(Protocol):
    """One running job, as its own code sees it."""

    @property
    def id(self) -> str:
        """The operation log's id."""
        ...

    @property
    def project_id(self) -> str:
        """The tenant's project, with which every query is made."""
        ...

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Run `work` unless it has finished before; return what it returned then or now.

        Raises StepFailed or Cancelled when `work` ended so, now or in an earlier life of this job.
        """
        ...

    def patched(self, name: str, /) -> bool:
        """Say whether this job has the change `name` of its steps; one under way from before does not.

        Steps are told apart by their place, so whatever changes their row (a step more, one less, another
        name) asks first, at the place of the change, and keeps the old row for the jobs that are under way:
        `if job.patched("checksum"): job.step("checksum", ...)`. A worker of an older release leaves a job
        that has the change to those who know it.
        """
        ...

    def without_journal(self) -> "Job":
        """Return this job for its last act when its journal is of no use: each step is carried out anew."""
        ...


Work = Callable[[Job], None]


class Engine(Protocol):
    """Keeps the order of steps and what has finished; `opencbr.jobs.engine.dbos` is the one in use.

    It is made with the operation types that this worker knows, and runs no others.
    """

    def start(self, work: Work) -> None:
        """Open the engine's database, making it if needed, and begin to take jobs."""
        ...

    def stop(self, wait_seconds: float) -> None:
        """Take no more jobs, wait that long for running ones; the rest is taken up by another worker."""
        ...

    def submit(self, job_id: str, project_id: str, kind: str) -> None:
        """Submit a job of this operation type; submitting the same id twice is one job.

        Only workers that know the type run it.
        """
        ...

    def known(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these jobs that were submitted once, ended or not."""
        ...

    def forget(self, begun_before: datetime, limit: int) -> int:
        """Remove the journals of ended jobs that were submitted before; return how many, `limit` at most."""
        ...

    def owners(self) -> frozenset[str]:
        """Return the identities of workers that hold unfinished jobs."""
        ...

    def offer_unbegun(self, after_seconds: float) -> list[str]:
        """Give back the jobs that this worker claimed and has not begun for so long; return their ids."""
        ...

    def take_over(self, owner: str) -> list[str]:
        """Give the unfinished jobs of a dead worker back to all; return their ids.

        From here on its results are refused.
        """
        ...
