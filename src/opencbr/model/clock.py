"""Time as something that is handed in, so that tests own it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time and waiting. The one real clock is `opencbr.clock.SystemClock`."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC, to the microsecond."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a test's clock may return at once."""
        ...
