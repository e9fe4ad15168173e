"""The real clock: the only place that asks the operating system for the time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time in UTC and real waiting (see `opencbr.model.clock.Clock`)."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        time.sleep(seconds)
