"""What a worker does besides its jobs, again and again: beat, look for operations, clean up, fire policies, expire."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opencbr.jobs.engine.port import Lost
from opencbr.store import leases
from opencbr.store.database import Database, is_outage

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 5.0
"""Seconds; well within a lease, whose renewal is a duty too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing to do at the start of a worker and every `interval_seconds` after.

    `run` returns True when there is more to do at once, and may raise anything: it is tried again after
    pauses that grow. Lost ends the duty. A `leader_only` duty is done by one worker of all; `name` tells it from the
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
        told: set[str] = set()
        failures = 0
        while not self._stop.is_set():
            more = None
            try:
                more = duty.run() if self._mine(duty) else None
                if told:
                    log.warning("%s works again", duty.name)
                told.clear()
                failures = 0
            except Lost:
                return
            except Exception as error:  # noqa: BLE001 -- whatever it is, the duty is done again
                failures += 1
                _tell_once(duty.name, error, told)
            if not more:
                self._stop.wait(_pause(duty.interval_seconds, failures))

    def _mine(self, duty: Duty) -> bool:
        if not duty.leader_only:
            return True
        with self._database.write() as conn:
            return leases.lead(conn, duty.name, self._worker_id, duty.interval_seconds + self._lease_seconds)


def _tell_once(name: str, error: Exception, told: set[str]) -> None:
    """Log each kind of trouble once, not once a round: an outage may last for hours, and shows as several errors in turn."""
    outage = is_outage(error)
    kind = "outage" if outage else type(error).__name__
    if kind not in told:
        told.add(kind)
        if outage:
            log.warning("%s waits for the database: %s", name, type(error).__name__)
        else:
            log.warning("%s fails and is tried again until it works", name, exc_info=error)


def _pause(interval: float, failures: int) -> float:
    """Return the seconds until the next round: longer with each failure, so that what is down is not beaten."""
    return float(min(interval * 2 ** min(failures, 16), max(interval, _LONGEST_PAUSE)))
