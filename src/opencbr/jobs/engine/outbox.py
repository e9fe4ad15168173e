"""From waiting operations to jobs: a waiting operation log asks for a job, and its id is the job's."""

import logging
import threading

from opencbr.jobs.engine.port import Engine
from opencbr.model.clock import Clock
from opencbr.store import operation_logs
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_BATCH = 100


class Outbox:
    """Looks for waiting operations every `seconds` and submits them.

    Any number of workers may: the same id is one job.
    """

    def __init__(self, database: Database, engine: Engine, clock: Clock, *, seconds: float) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is under way is finished."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

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
            known = self._engine.known([operation.id for operation in operations])
            for operation in operations:
                if operation.id not in known:
                    self._engine.submit(operation.id, operation.project_id)
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
            operations = operation_logs.waiting(conn, _BATCH)
        for operation in operations:
            self._engine.submit(operation.id, operation.project_id)
            with self._database.write() as conn:
                operation_logs.take(conn, operation.id, now=self._clock.now())
        return len(operations)

    def _run(self) -> None:
        recovered = False
        while not self._stop.is_set():
            try:
                if not recovered:
                    self.recover()
                    recovered = True
                if self.look() == _BATCH:
                    continue
            except Exception:
                log.warning(
                    "the waiting operations could not be read or submitted; trying again", exc_info=True
                )
            self._stop.wait(self._seconds)
