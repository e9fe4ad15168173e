"""The worker: lease, engine, outbox and other duties together."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from opencbr.cloud.cloud import Cloud
from opencbr.jobs.context import JobContext
from opencbr.jobs.ended import tell_end
from opencbr.jobs.engine.database_retry import outlast
from opencbr.jobs.engine.dbos import DbosEngine
from opencbr.jobs.engine.duty import Duties, Duty
from opencbr.jobs.engine.lease import Lease
from opencbr.jobs.engine.outbox import Outbox
from opencbr.jobs.engine.port import Engine, Job, Lost
from opencbr.jobs.engine.retention import Retention
from opencbr.jobs.execution import carry_out
from opencbr.jobs.registry import JOB_TYPES, JobType
from opencbr.jobs.settings import DrillSettings, WorkerSettings
from opencbr.model.clock import Clock
from opencbr.model.ids import new_id
from opencbr.model.operation_log import TERMINAL, OperationLog
from opencbr.observe.log import about
from opencbr.records.archive import Records
from opencbr.store import installation, operation_logs
from opencbr.store.database import Database

log = logging.getLogger(__name__)

DutyOf = Callable[[JobContext], Duty]
"""Makes a duty of what the worker has to work with."""

_LAST_CALL_SECONDS = 10.0
"""How long stopping waits for upstream calls under way; a job cut off later is taken over when the lease ends."""


class LeaseLost(Exception):
    """This worker was silent for a whole lease and others have its jobs.

    End the process and start it again.
    """


class Worker:
    """One worker of this process; a process can have one.

    `job_types` is what it can do (operation type -> job), `duties` what it does besides. `identity` tells it
    from all others, past ones too: leave it out and it is made anew at each start.
    """

    def __init__(
        self,
        *,
        database: Database,
        cloud: Cloud,
        records: Records,
        clock: Clock,
        settings: WorkerSettings,
        drill: DrillSettings = DrillSettings(),  # noqa: B008 -- it never changes
        job_types: Mapping[str, JobType] = JOB_TYPES,
        duties: Sequence[DutyOf] = (),
        identity: str | None = None,
    ) -> None:
        self.identity = identity or f"{socket.gethostname()[:20]}-{new_id(clock.now())}"
        self._database = database
        self._cloud = cloud
        self._records = records
        self._clock = clock
        self._settings = settings
        self._drill = drill
        self._halt = threading.Event()
        self._job_types = job_types
        self._duties_of = duties
        self._engine: Engine = DbosEngine(
            database.url,
            owner=self.identity,
            kinds=[*job_types],
            slots=settings.slots,
            sleep=clock.sleep,
            looks_per_second=settings.looks_per_second,
        )
        self._lease = Lease(database, self._engine, worker_id=self.identity, seconds=settings.lease_seconds)
        self._outbox = Outbox(database, self._engine, clock, [*job_types])
        self._heartbeat = self._attended([self._lease.duty()])
        self._duties = self._attended([])
        self._running: set[str] = set()
        self._ctx: JobContext | None = None

    def start(self) -> None:
        """Begin to work in the background. The database's schema must be current."""
        with self._database.write() as conn:
            installation_id = installation.installation_id(conn)
        self._ctx = JobContext(
            database=self._database,
            cloud=self._cloud,
            records=self._records,
            clock=self._clock,
            settings=self._settings,
            installation=installation_id,
            guard=self._guard,
            drill=self._drill,
        )
        self._lease.open()
        self._engine.start(self._do)
        self._heartbeat.start()
        retention = Retention(
            self._database,
            self._engine,
            self._clock,
            journal_days=self._settings.journal_days,
            log_days=self._settings.operation_log_days,
        )
        duties = [self._outbox.duty(self._settings.outbox_seconds), retention.duty()]
        duties += [make(self._ctx) for make in self._duties_of]
        self._duties = self._attended(duties)
        self._duties.start()
        log.info("worker %s is ready", self.identity)

    def stop(self, wait_seconds: float = 0.0) -> None:
        """Take no more jobs and wait so long for running jobs, then interrupt them.

        Interrupted jobs go on in another worker, or here after the next start, where they were.
        """
        self._duties.stop()
        self._await_jobs(wait_seconds)
        self._halt.set()
        # An interrupted job ends at its next look at the cloud.
        self._await_jobs(self._settings.poll_seconds + _LAST_CALL_SECONDS)
        self._duties.join(self._settings.poll_seconds + _LAST_CALL_SECONDS)
        self._engine.stop(0.0)
        self._heartbeat.stop()
        self._heartbeat.join()
        self._lease.close(clean=not self._running)

    def _attended(self, duties: Sequence[Duty]) -> Duties:
        return Duties(
            self._database,
            duties,
            worker_id=self.identity,
            lease_seconds=self._settings.lease_seconds,
        )

    def _await_jobs(self, seconds: float) -> None:
        deadline = self._clock.now() + timedelta(seconds=seconds)
        while self._running and self._clock.now() < deadline:
            self._clock.sleep(0.05)

    def run_forever(self, stop: threading.Event | None = None) -> None:
        """Work until `stop` is set.

        Raises LeaseLost when this worker was declared dead: start it again under a new identity.
        """
        ending = stop or threading.Event()
        self.start()
        try:
            while not ending.wait(0.5):
                if self._lease.lost.is_set():
                    raise LeaseLost(
                        f"worker {self.identity} was silent for too long; its jobs go on elsewhere"
                    )
        finally:
            self.stop()

    def _guard(self) -> None:
        if self._halt.is_set():
            raise Lost
        self._lease.guard()

    def _do(self, job: Job) -> None:
        """Carry out one operation, and tell of its end.

        One that has ended already (its worker died after the last step) is only told of.
        """
        assert self._ctx is not None, "start() comes first"

        operation = self._operation(job)
        if operation is None:
            return
        with about(job.id):
            if operation.status not in TERMINAL:
                self._running.add(job.id)
                try:
                    carry_out(self._job_types[operation.operation_type], job, self._ctx, operation)
                finally:
                    self._running.discard(job.id)
                operation = self._operation(job)
            if operation is not None and operation.status in TERMINAL:
                tell_end(operation)

    def _operation(self, job: Job) -> OperationLog | None:
        """Read the job's operation log, however long the database is away."""

        def read() -> OperationLog | None:
            with self._database.read() as conn:
                return operation_logs.get(conn, job.project_id, job.id)

        what = f"the operation of job {job.id}"
        return outlast(read, sleep=self._clock.sleep, halted=self._halt.is_set, what=what)
