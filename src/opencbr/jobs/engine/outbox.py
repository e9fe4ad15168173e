"""From waiting operations to jobs: a waiting operation log asks for a job, and its id is the job's."""

import logging
from collections.abc import Sequence

from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.engine.port import Engine
from opencbr.model.clock import Clock
from opencbr.store import operation_logs
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_BATCH = 100


class Outbox:
    """Submits waiting operations of the types `known` here.

    Any number of workers may: the same id is one job. An operation of another type waits for a worker of the
    release that brought it.
    """

    def __init__(self, database: Database, engine: Engine, clock: Clock, known: Sequence[str]) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._known = known
        self._recovered = False
        self._foreign: set[str] = set()

    def duty(self, seconds: float) -> Duty:
        """Look every so many seconds."""
        return Duty(name="outbox", interval_seconds=seconds, run=self._run)

    def recover(self) -> list[str]:
        """Submit once more what is under way and the engine does not know, and return the ids.

        That is so when the engine's journal was lost, or not restored with the database. A job begins from its
        first step then, and finds what it made.
        """
        lost: list[str] = []
        after = ""
        while True:
            with self._database.read() as conn:
                operations = operation_logs.taken(conn, _BATCH, after)
            journaled = self._engine.known([operation.id for operation in operations])
            for operation in operations:
                if operation.operation_type in self._known and operation.id not in journaled:
                    self._engine.submit(operation.id, operation.project_id, operation.operation_type)
                    lost.append(operation.id)
            if len(operations) < _BATCH:
                break
            after = operations[-1].id
        if lost:
            log.warning("the jobs' journal did not know these jobs, they begin anew: %s", ", ".join(lost))
        return lost

    def look(self) -> int:
        """Submit what waits; return how many.

        Submitted first and marked after, so that a crash between them loses nothing.
        """
        with self._database.read() as conn:
            types = operation_logs.waiting_types(conn)
            known = types & {*self._known}
            operations = operation_logs.waiting(conn, _BATCH, sorted(known)) if known else []
        foreign = types - known
        for operation in operations:
            self._engine.submit(operation.id, operation.project_id, operation.operation_type)
            with self._database.write() as conn:
                operation_logs.take(conn, operation.id, now=self._clock.now())
        for kind in sorted(foreign - self._foreign):
            log.warning("operations of type %s wait for a worker that knows them: this one does not", kind)
        self._foreign |= foreign
        return len(operations)

    def _run(self) -> bool:
        if not self._recovered:
            self.recover()
            self._recovered = True
        return self.look() == _BATCH
