"""The time of the cloud, and how its services write it."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """The wall clock, moved ahead by hand when work is timed by hand."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the cloud's time, aware, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the cloud's time ahead by `seconds`."""
        with self._lock:
            self._ahead += timedelta(seconds=seconds)

    def long_time(self) -> str:
        """Return the time as Nova and Cinder store it: naive, with a fraction of zeros."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.000000")

    def exact_time(self) -> str:
        """Return the time with microseconds, for comparing; never shown."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%f")

    def zulu_time(self) -> str:
        """Return the time in whole seconds with a Z, as Nova's servers and Neutron say it."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def as_token_time(moment: datetime) -> str:
    """Write a time as Keystone's tokens do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
