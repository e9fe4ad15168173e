"""What waiting bears, the same for all who wait.

Silence for `patience_seconds`, standstill for twice `stall_seconds`, and `backup_timeout_seconds` in all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from opencbr.cloud.errors import Unreachable
from opencbr.jobs.context import CloudContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.notes import note
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog


class Seen(Protocol):
    """An object as an answer shows it: its state in words, and the request id of that answer."""

    @property
    def state(self) -> str:
        """What it is in."""

    @property
    def request_id(self) -> str | None:
        """Whose answer said so."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is seen of an object where its own state does not tell it."""

    state: str
    request_id: str | None


@dataclass(slots=True)
class Progress:
    """One object on its way: what was last seen of it, when it last moved, and since when the cloud is silent about it."""

    what: str  # the object in words
    began: datetime
    copying_seconds: float = 0.0  # so long its copying may show nothing
    state: str = "as it was"
    request_id: str | None = None
    moved_at: datetime = field(init=False)
    silent_since: datetime | None = None
    silence: Unreachable | None = None

    def __post_init__(self) -> None:
        self.moved_at = self.began

    def saw(self, seen: Seen, now: datetime) -> None:
        """Note what a look has found; another state than before is movement."""
        if seen.state != self.state:
            self.moved_at = now
        self.state, self.request_id = seen.state, seen.request_id
        self.answered()

    def answered(self) -> None:
        """Note that the cloud has answered."""
        self.silent_since = self.silence = None

    def unanswered(self, silence: Unreachable, now: datetime) -> None:
        """Note that it has not."""
        self.silence, self.silent_since = silence, self.silent_since or now

    def check(
        self, ctx: CloudContext, operation: OperationLog, is_excused: Callable[[], bool] = lambda: False
    ) -> None:
        """Tell that nothing moves, and end the wait when its time is over.

        Raises JobError 9910 with what was last seen, and in which answer: after `patience_seconds` without any answer about the
        object; after twice `stall_seconds` and `copying_seconds` in which nothing moved, where that is not excused (an excuse
        counts anew from now on); after `backup_timeout_seconds` in all.
        """
        settings, now = ctx.settings, ctx.clock.now()
        silent = now - self.silent_since if self.silent_since else timedelta()
        if self.silence and silent > timedelta(seconds=settings.patience_seconds):
            raise JobError(UNEXPECTED, str(self.silence)) from self.silence
        if now - self.began > timedelta(seconds=settings.backup_timeout_seconds):
            done = f"{self.what} was not done after {settings.backup_timeout_seconds:g} s"
            raise JobError(UNEXPECTED, f"{done}: it is {self.state}{self.source()}")
        still = (now - self.moved_at).total_seconds()
        if still <= settings.stall_seconds:
            return
        is_so = f"{self.what} is {self.state} in the cloud"
        note(ctx, operation, f"{is_so}, and nothing has moved there for {settings.stall_seconds:g} s")
        if still <= 2 * settings.stall_seconds + self.copying_seconds:
            return
        if is_excused():
            self.moved_at = now
            return
        given_up = f"and nothing moved there for {still:.0f} s{self.source()}: it is given up"
        raise JobError(UNEXPECTED, f"{is_so}, {given_up}")

    def source(self) -> str:
        """Name the answer in which it was last seen, in brackets."""
        return f" ({self.request_id})" if self.request_id else ""
