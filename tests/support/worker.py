"""A real worker in a process of its own, to be killed: anywhere, or held at one place so that it dies just there."""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import event

from opencbr.clock import SystemClock
from opencbr.jobs import worker
from opencbr.jobs.duties import janitor_duty
from opencbr.jobs.engine.port import Job, T
from opencbr.jobs.registry import JOB_TYPES, JobType
from opencbr.jobs.settings import WorkerSettings
from opencbr.observe.log import configure
from opencbr.records.archive import open_records
from opencbr.store.database import Database
from support.job_env import QUICK, open_cloud

from .processes import LEASE_LOST, Report

AT_COMMIT, AT_END = "before its first commit", "at its end"
"""Where a step is held: what it wrote is not in the database yet; all is done and the journal does not know."""


@dataclass(frozen=True)
class Hold:
    """A place to stop at, for ever: in jobs of this kind (an operation type), in the step of this name."""

    kind: str
    step: str
    place: str


def work(
    report: Report,
    url: str,
    folder: Path,
    identity: str,
    hold: Hold | None = None,
    *,
    settings: WorkerSettings = QUICK,
    sets_volume_status: bool | None = None,
    duties: Sequence[worker.DutyOf] = (),
) -> int:
    """Work until killed; `folder` has clouds.yaml and keys/. Reports "up", and "held" where `hold` says.

    The janitor is always among the duties.
    """
    configure("info")
    database, clock = Database(url), SystemClock()
    job_types = JOB_TYPES if hold is None else _held(database, hold, report)
    ours = _Worker(
        report,
        database=database,
        cloud=open_cloud(folder / "clouds.yaml", sets_volume_status=sets_volume_status),
        records=open_records(database, folder / "keys", clock),
        clock=clock,
        settings=settings,
        job_types=job_types,
        duties=[janitor_duty, *duties],
        identity=identity,
    )
    try:
        ours.run_forever()
    except worker.LeaseLost as lost:
        print(lost, file=sys.stderr, flush=True)
        return LEASE_LOST
    return 0


class _Worker(worker.Worker):
    def __init__(self, report: Report, **tools: Any) -> None:
        super().__init__(**tools)
        self._report = report

    def start(self) -> None:
        super().start()
        self._report("up")


def _held(database: Database, hold: Hold, report: Report) -> Mapping[str, JobType]:
    inside = threading.local()

    def stop() -> None:
        report("held")
        threading.Event().wait()

    if hold.place == AT_COMMIT:
        event.listen(database._writer, "commit", lambda _: stop() if hasattr(inside, "step") else None)

    class Held:
        """A job one of whose steps is held; the names of steps may end in an id ("delete 1234")."""

        def __init__(self, job: Job) -> None:
            self._job = job

        def __getattr__(self, name: str) -> Any:
            return getattr(self._job, name)

        def step(self, name: str, do: Callable[[], T]) -> T:
            def held() -> T:
                inside.step = name
                do()
                stop()  # at its end; a step that was to be held at a commit and makes none is held here too
                raise AssertionError("nobody comes here")

            return self._job.step(name, held if name.split(maxsplit=1)[0] == hold.step else do)

    real = JOB_TYPES[hold.kind]
    held = replace(
        real,
        run=lambda job, ctx, operation: real.run(Held(job), ctx, operation),
        compensate=lambda job, ctx, operation, end: real.compensate(Held(job), ctx, operation, end),
    )
    return {**JOB_TYPES, hold.kind: held}
