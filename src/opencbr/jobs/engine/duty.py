"""What a worker does besides its jobs, again and again: beat, look for operations, clean up, later plan and expire."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opencbr.jobs.engine.port import Lost
from opencbr.store import leases
from opencbr.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing to do at the start of a worker and every `interval_seconds` after.

    `run` returns True when there is more to do at once, and may raise anything: it is tried again after the
    interval. Lost ends the duty. A `leader_only` duty is done by one worker of all; `name` tells it from the
    others there, so it must never change its meaning. Two workers may still do it at once for a moment (one
    was frozen), so what it does must bear that.
    """

    name: str
    interval_seconds: float
    run: Callable[[], bool | None]
    leader_only: bool = False


class Duties:
    """Does duties in the background, each in a thread of its own: a slow one keeps no other waiting.

    The leader of a duty stays it until it has missed one run by `lease_seconds`.
    """

    def __init__(
        self, database: Database, duties: Sequence[Duty], *, worker_id: str, lease_seconds: float
    ) -> None:
        self._database = database
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._attend, args=(duty,), name=duty.name, daemon=True)
            for duty in duties
        ]

    def start(self) -> None:
        """Begin with all of them."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more; what is under way goes on."""
        self._stop.set()

    def join(self, seconds: float | None = None) -> None:
        """Wait for what is under way, for each duty so long at most; without `seconds` to its end."""
        for thread in self._threads:
            thread.join(seconds)

    def _attend(self, duty: Duty) -> None:
        failing: type[Exception] | None = None
        while not self._stop.is_set():
            more = None
            try:
                more = duty.run() if self._mine(duty) else None
                if failing is not None:
                    log.warning("%s works again", duty.name)
                failing = None
            except Lost:
                return
            except Exception as error:
                # Once for each kind of trouble, not once a round: an outage may last for hours.
                if type(error) is not failing:
                    log.warning("%s fails and is tried again until it works", duty.name, exc_info=True)
                failing = type(error)
            if not more:
                self._stop.wait(duty.interval_seconds)

    def _mine(self, duty: Duty) -> bool:
        if not duty.leader_only:
            return True
        with self._database.write() as conn:
            return leases.lead(conn, duty.name, self._worker_id, duty.interval_seconds + self._lease_seconds)
