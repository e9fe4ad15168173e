"""A job run in the test's own thread, on a clock whose pauses cost nothing."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from opencbr.jobs.engine.dbos import _Job
from opencbr.jobs.engine.port import Cancelled, StepFailed


class HurriedClock:
    """Time that goes by in jumps: who sleeps is awake at once, later."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        time.sleep(0.001)


class InlineJob(_Job):
    """The engine's job without its journal."""

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        kind, value = self._attempt(name, work)
        if kind == "cancelled":
            raise Cancelled(name)
        if kind == "failed":
            raise StepFailed(name, *value)
        return value
