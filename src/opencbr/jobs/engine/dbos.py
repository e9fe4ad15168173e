"""The engine port on DBOS Transact: the only module that knows DBOS.

DBOS journals steps and refuses the results of an execution that no longer owns its workflow, but it has no
heartbeat: as shipped a dead worker's workflows stay pending for ever. `opencbr.jobs.engine.lease` adds that with
`owners` and `take_over`, public calls only. Nothing is called over the network: no conductor key, no
telemetry, no admin server.
"""

import contextvars
import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus, error

from opencbr.jobs.engine.attempt import End, Unjournaled
from opencbr.jobs.engine.port import Job, Lost, Small, Work
from opencbr.observe.repetition import OnceInAWhile

log = logging.getLogger(__name__)

VERSION = "opencbr-1"
"""DBOS runs a workflow only under the version that began it.

A constant, so that a new release takes up the jobs of the old one; what changes in a job's steps says so
with `Job.patched`.
"""

_NAME = "opencbr"
_PATCH = "DBOS.patch-"
"""What the names of DBOS's own marks of `DBOS.patch` in the journal begin with."""

_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""DBOS's statuses of a workflow that nobody will ever go on with."""

_LEFT_ALONE_SECONDS = 2.0
"""So long a worker keeps a job that only a newer release can go on with, before it offers it to all again."""


def _queue(kind: str) -> str:
    """Name the queue of a job type: a worker listens only to those of the types it knows."""
    return f"{_NAME}.{kind}"


class _Json:
    """The journal is JSON.

    DBOS's own default is pickle, which would run whatever somebody wrote into the table.
    """

    def name(self) -> str:
        return "opencbr_json"

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=str)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)


def journal_url(database_url: str) -> str:
    """Return where the journal lives: a file beside SQLite's, the schema `dbos` in PostgreSQL."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}.jobs"
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def journal_stands(database_url: str) -> bool:
    """Say whether there is a journal for this database already."""
    url = sa.make_url(journal_url(database_url))
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").exists()
    engine = sa.create_engine(url)
    try:
        return sa.inspect(engine).has_table("workflow_status", schema="dbos")
    finally:
        engine.dispose()


class _Newer(BaseException):
    """The journal is of a newer release than this worker's. Not an Exception, as with Lost."""


class _Job(Unjournaled):
    """One workflow while it runs; steps are told apart by their place, the name is for people."""

    def patched(self, name: str, /) -> bool:
        return DBOS.patch(name)

    def without_journal(self) -> Job:
        return Unjournaled(self.id, self.project_id, self._sleep, self._halted)

    def _end_of(self, name: str, work: Callable[[], Small]) -> End:
        try:
            return DBOS.run_step({"name": name}, self._attempt, name, work)
        except error.DBOSUnexpectedStepError as unexpected:
            _, _, _, recorded = unexpected.inputs
            if recorded.startswith(_PATCH):
                raise _Newer from unexpected
            raise


class DbosEngine:
    """DBOS keeps one instance for each process, so there is one of these in a worker.

    `owner` is new at every start; `kinds` are the operation types that it takes jobs of, `slots` of each at
    once. `looks_per_second` at the journal are shared by the queues of all kinds, so that an idle worker costs
    the same however many there are.
    """

    def __init__(
        self,
        database_url: str,
        *,
        owner: str,
        kinds: Collection[str],
        slots: int,
        sleep: Callable[[float], None],
        looks_per_second: float,
    ) -> None:
        self._url = journal_url(database_url)
        self._owner = owner
        self._kinds = kinds
        self._slots = slots
        self._sleep = sleep
        self._poll_seconds = len(kinds) / looks_per_second
        self._run: Callable[[str, str, str], None] | None = None
        self._stopped = threading.Event()
        self._too_new: set[str] = set()
        self._begun: set[str] = set()
        self._not_begun: dict[str, float] = {}

    def start(self, work: Work) -> None:
        """Open the journal, making it if needed, and begin to take jobs.

        Raises what DBOS raises when the database cannot be used.
        """
        self._stopped.clear()
        if self._url.startswith("sqlite"):
            _write_ahead(self._url)
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": self._url,
            "executor_id": self._owner,
            "application_version": VERSION,
            "log_level": "WARNING",
            "enable_otlp": False,
            "serializer": _Json(),  # type: ignore[typeddict-item]
            "use_listen_notify": False,
            "max_executor_threads": self._slots * len(self._kinds) + 16,
            "scheduler_polling_interval_sec": 3600.0,
        }
        DBOS(config=config)
        _speak_through_our_log()

        @DBOS.workflow(name="job", max_recovery_attempts=None)
        def run(job_id: str, project_id: str, kind: str) -> None:
            self._begun.add(job_id)
            try:
                work(_Job(job_id, project_id, self._sleep, self._stopped.is_set))
            except _Newer:
                self._leave_alone(job_id, kind)
                raise Lost from None
            finally:
                self._begun.discard(job_id)

        self._run = run
        DBOS.listen_queues([_queue(kind) for kind in self._kinds])
        DBOS.launch()
        for kind in self._kinds:
            DBOS.register_queue(
                _queue(kind),
                worker_concurrency=self._slots,
                polling_interval_sec=self._poll_seconds,
                on_conflict="always_update",
            )

    def stop(self, wait_seconds: float) -> None:
        """Take no more jobs, wait that long for running ones; the rest is taken up by another worker."""
        self._stopped.set()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=int(wait_seconds))
        self._run = None

    def submit(self, job_id: str, project_id: str, kind: str) -> None:
        """Submit a job of this operation type; submitting the same id twice is one job."""
        assert self._run is not None, "start() comes first"
        with SetWorkflowID(job_id):
            DBOS.enqueue_workflow(_queue(kind), self._run, job_id, project_id, kind)

    def known(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these jobs that were submitted once, ended or not."""
        if not job_ids:
            return frozenset()
        found = DBOS.list_workflows(workflow_ids=[*job_ids], load_input=False, load_output=False)
        return frozenset(workflow.workflow_id for workflow in found)

    def forget(self, begun_before: datetime, limit: int) -> int:
        """Remove the journals of ended jobs that were submitted before; return how many, `limit` at most."""
        found = DBOS.list_workflows(
            status=[*_ENDED],
            end_time=begun_before.isoformat(),
            limit=limit,
            load_input=False,
            load_output=False,
        )
        if found:
            DBOS.delete_workflows([workflow.workflow_id for workflow in found])
        return len(found)

    def owners(self) -> frozenset[str]:
        """Return the identities of workers that hold unfinished jobs."""
        return frozenset(one.executor_id for one in _claimed() if one.executor_id)

    def take_over(self, owner: str) -> list[str]:
        """Give the unfinished jobs of a dead worker back to all; return their ids.

        Resuming writes a new owner token when the next worker claims the job, so what the old one still
        reports is refused. It is not conditional on the owner: call it from one place at a time
        (`opencbr.jobs.engine.lease` holds the leader lock).
        """
        taken = {one.workflow_id: one.queue_name for one in _claimed(owner)}
        for job_id, queue in taken.items():
            DBOS.resume_workflow(job_id, queue_name=queue)
        return [*taken]

    def offer_unbegun(self, after_seconds: float) -> list[str]:
        """Give back the jobs that this worker claimed and has not begun for so long; return their ids.

        When the database hangs up between a claim and its answer, DBOS claims anew, and what the first claim
        took is run by nobody.
        """
        claimed = _claimed(self._owner)
        idle = {one.workflow_id: one.queue_name for one in claimed if one.workflow_id not in self._begun}
        now = time.monotonic()
        self._not_begun = {job_id: self._not_begun.get(job_id, now) for job_id in idle}
        lost = [job_id for job_id, since in self._not_begun.items() if now - since >= after_seconds]
        for job_id in lost:
            log.warning("job %s was claimed here and never began: it is offered again", job_id)
            DBOS.resume_workflow(job_id, queue_name=idle[job_id])
            del self._not_begun[job_id]  # should it be claimed here again, it has its whole time again
        return lost

    def _leave_alone(self, job_id: str, kind: str) -> None:
        """Offer a job that is too new for this worker to all again, after a while: nobody is to spin on it.

        A worker that stops meanwhile leaves it to the one that takes over.
        """
        if job_id not in self._too_new:
            log.warning("job %s is left to a worker of the newer release that began it", job_id)
            self._too_new.add(job_id)
        self._sleep(_LEFT_ALONE_SECONDS)
        if not self._stopped.is_set():
            # Outside of the workflow's context: DBOS would journal the call as a step of it.
            contextvars.Context().run(DBOS.resume_workflow, job_id, queue_name=_queue(kind))


def _claimed(owner: str | None = None) -> list[WorkflowStatus]:
    """List the jobs that workers, or this one, have claimed and not ended."""
    return DBOS.list_workflows(status="PENDING", executor_id=owner, load_input=False, load_output=False)


def _write_ahead(url: str) -> None:
    """Switch the journal's SQLite file to write-ahead logging.

    DBOS leaves the mode as it finds it, and it is kept in the file.
    """
    engine = sa.create_engine(url)
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA busy_timeout=30000")
            conn.exec_driver_sql("PRAGMA journal_mode=WAL")
    finally:
        engine.dispose()


def _speak_through_our_log() -> None:
    """Take away DBOS's own way to the console: what it says goes through our log, which hides secrets."""
    theirs = logging.getLogger("dbos")
    theirs.handlers.clear()
    theirs.propagate = True
    theirs.setLevel(logging.WARNING)
    # Its queues look for work every second, and tell at each look that the database is away.
    theirs.filters[:] = [OnceInAWhile()]
