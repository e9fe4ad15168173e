"""How long ended jobs are kept: in the journal, where nobody needs them, and as operation logs, which their owners read."""

import logging
from datetime import timedelta

from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.engine.port import Engine
from opencbr.model.clock import Clock
from opencbr.store import operation_logs
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_EVERY_SECONDS = 3600.0
_BATCH = 500
"""So many are removed at once: on SQLite everybody else's writes wait meanwhile."""


class Retention:
    """Removes what ended more than so many days ago."""

    def __init__(
        self, database: Database, engine: Engine, clock: Clock, *, journal_days: float, log_days: float
    ) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._journal = timedelta(days=journal_days)
        self._logs = timedelta(days=log_days)

    def duty(self) -> Duty:
        """Look every hour, on one worker, and go on at once while there is more."""
        return Duty(name="retention", interval_seconds=_EVERY_SECONDS, run=self.run, leader_only=True)

    def run(self) -> bool:
        """Remove a batch of each; say whether there is more."""
        now = self._clock.now()
        forgotten = self._engine.forget(now - self._journal, _BATCH)
        purged = self._database.transact(lambda conn: operation_logs.purge(conn, now - self._logs, _BATCH))
        if forgotten or purged:
            log.info("removed %d ended job(s) from the journal, and %d operation log(s)", forgotten, purged)
        return _BATCH in (forgotten, purged)
