"""A clock whose pauses cost nothing, for jobs that are run in the test's own thread."""

import time
from datetime import UTC, datetime, timedelta


class HurriedClock:
    """Time that goes by in jumps: who sleeps is awake at once, later."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        time.sleep(0.001)
