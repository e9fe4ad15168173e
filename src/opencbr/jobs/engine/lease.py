"""Who is alive: workers beat in the database, and the leader gives the jobs of the silent to the others.

All times are judged by the database's clock, so that machines need not agree about theirs. Before it declares
anybody dead the leader must itself have seen the database up for one whole lease: after an outage everybody
looks dead.
"""

import logging
import threading
import time
from collections.abc import Callable

from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.engine.port import Engine, Lost
from opencbr.store import leases
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_REAPER = "reaper"


class Lease:
    """This worker's right to work.

    Beats four times in a lease; `monotonic` gives seconds and never goes back.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        *,
        worker_id: str,
        seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._engine = engine
        self._id = worker_id
        self._seconds = seconds
        self._monotonic = monotonic
        self._beaten = 0.0
        self._up_since = 0.0
        self.lost = threading.Event()
        """Set for good once this worker has been declared dead; it must start again under a new identity."""

    def open(self) -> None:
        """Enter the list of living workers. Comes before the engine starts: from then on silence counts."""
        with self._database.write() as conn:
            leases.enter(conn, self._id, self._seconds)
        self._beaten = self._up_since = self._monotonic()

    def duty(self) -> Duty:
        """Beat, and look after the jobs of those who no longer do."""
        return Duty(name="lease", interval_seconds=self._seconds / 4, run=self._renew)

    def close(self, *, clean: bool) -> None:
        """Beat no more, once the duty has ended.

        `clean`: no job of ours is left, so leave the list; else the jobs are taken over when the lease runs
        out.
        """
        if clean and not self.lost.is_set():
            with self._database.write() as conn:
                leases.leave(conn, self._id)

    def guard(self) -> None:
        """Return when this worker is certainly alive; raise Lost when it was declared dead.

        A beat of the last half lease is proof enough. Else (a frozen machine, a slow database) it beats here
        and now, and the database knows whether somebody has buried us meanwhile.
        """
        if self.lost.is_set():
            raise Lost
        if self._monotonic() - self._beaten < self._seconds / 2:
            return
        if not self._beat():
            raise Lost

    def _beat(self) -> bool:
        began = self._monotonic()
        with self._database.write() as conn:
            alive = leases.beat(conn, self._id, self._seconds)
        if not alive:
            if not self.lost.is_set():
                log.error(
                    "worker %s was declared dead after a silence of %.1f s", self._id, began - self._beaten
                )
            self.lost.set()
            return False
        if began - self._beaten > self._seconds:
            # We were away for a whole lease ourselves: whatever else looks dead may only have waited for the
            # same database.
            self._up_since = began
        self._beaten = began
        return True

    def _renew(self) -> None:
        try:
            alive = self._beat()
            if alive:
                self.reap()
                self._engine.offer_unbegun(self._seconds)
        except Exception:
            self._up_since = self._monotonic()
            raise
        if not alive:
            raise Lost

    def reap(self) -> list[str]:
        """As the leader, give the jobs of workers that are gone back to all; return the jobs' ids.

        Burying the silent waits until this worker has seen the database up for a whole lease. Who is not on
        the list at all was buried before or has left in operation.
        """
        owners = self._engine.owners()
        with self._database.write() as conn:
            if not leases.lead(conn, _REAPER, self._id, self._seconds):
                return []
            if self._monotonic() - self._up_since >= self._seconds:
                # From this commit on a late worker finds itself buried, whatever its own clock says.
                leases.bury_dead(conn)
            # Whoever is silent but not buried still counts: that it looks dead may be the database's fault.
            listed = leases.alive(conn) | leases.dead(conn)
        taken: list[str] = []
        for owner in sorted(owners - listed):
            jobs = self._engine.take_over(owner)
            if jobs:
                log.warning("worker %s is gone; its jobs go on elsewhere: %s", owner, ", ".join(jobs))
            taken += jobs
        return taken
