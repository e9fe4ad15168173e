"""When to ask again, and how long to wait: the one place that knows.

GET and DELETE are asked again after no answer, 408, 429, 500, 502, 503, 504 and a body that is no JSON object. A POST is never
repeated blindly: `get_or_create` looks for its effect by name first. 401 is not listed: the transport asks again with another
token, at once and a second later, and what is refused then stays refused.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from opencbr.cloud.errors import CloudError, Unreachable
from opencbr.deadline import heed_interruption, seconds_left
from opencbr.model.clock import Clock

T = TypeVar("T")

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that may pass by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long. `total_seconds` bounds the pauses of one call all together."""

    retries: int = 4
    first_pause: float = 0.3
    longest_pause: float = 8.0
    total_seconds: float = 60.0
    jitter: Callable[[], float] = random.random

    def pause(self, attempt: int, wanted: float | None) -> float:
        """Return the seconds to wait after failure number `attempt` (from 0): exponential, half of it random.

        `wanted` is the cloud's own Retry-After, obeyed when it is longer.
        """
        grown = min(self.first_pause * 2.0**attempt, self.longest_pause)
        return max(grown * (0.5 + self.jitter() / 2), wanted or 0.0)


NO_PATIENCE = Patience(retries=0)
"""For probes that must answer at once."""


class Again(Exception):
    """A failure worth asking again: the error, should it be the last, and the pause the cloud wants."""

    def __init__(self, error: CloudError, wanted: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.wanted = wanted


def persist(attempt: Callable[[], T], patience: Patience, clock: Clock) -> T:
    """Call `attempt` until it returns or fails for good; the last error is raised when patience is used up.

    The deadline of a client that waits ends it too, and what interrupts the wait (`opencbr.deadline`).
    """
    waited = 0.0
    for number in range(patience.retries + 1):
        try:
            return attempt()
        except Again as again:
            seconds, left = patience.pause(number, again.wanted), seconds_left()
            used_up = waited + seconds > patience.total_seconds or (left is not None and seconds >= left)
            if number == patience.retries or used_up:
                raise again.error from again.__cause__
            waited += seconds
            heed_interruption()
            clock.sleep(seconds)
    raise AssertionError("unreachable: the last attempt returns or raises")


def get_or_create(
    find: Callable[[], T | None],
    create: Callable[[], T],
    patience: Patience,
    clock: Clock,
) -> T:
    """Make something once: a create that got no clear answer is looked up before it is asked again.

    The caller has looked before the first attempt, or knows that there is nothing. Refusals (4xx) are
    raised as they are.
    A second object of the name is left only where the cloud carries out a call long after letting it time
    out.
    """
    tried = False

    def attempt() -> T:
        nonlocal tried
        if tried:
            found = find()
            if found is not None:
                return found
        tried = True
        try:
            return create()
        except Unreachable as error:
            raise Again(error) from error

    return persist(attempt, patience, clock)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date; None when absent, in the past or unreadable."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except (ValueError, OverflowError):  # a year or a time zone of twenty digits
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return seconds if seconds > 0 else None
