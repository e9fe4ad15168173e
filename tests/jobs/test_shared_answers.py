"""One question an interval goes to the cloud, however many ask it."""

from datetime import UTC, datetime, timedelta

import pytest

from opencbr.cloud.errors import Unreachable
from opencbr.jobs.intervals import SharedAnswers


class SetClock:
    """Stands where it is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def asked(askers: int) -> int:
    """How often the cloud is asked when so many look every two seconds, for ten minutes, each at a time of its own."""
    clock, shared, count = SetClock(), SharedAnswers(), 0

    def ask() -> int:
        nonlocal count
        count += 1
        return count

    for number in range(300 * askers):
        clock.seconds = number * 2 / askers
        answer = shared.get("what", ask, clock, 2.0)
        assert clock.now() - answer.asked_at < timedelta(seconds=2)
    return count


def test_thirty_who_ask_cost_as_much_as_one() -> None:
    assert asked(1) == 300
    assert 290 <= asked(30) <= 304, "the first looks come sooner"


def test_after_a_time_in_which_nobody_asked_the_first_looks_come_soon_again() -> None:
    clock, shared, times = SetClock(), SharedAnswers(), []
    for second in (0.0, 0.1, 0.3, 0.8, 1.8, 2.5, 300.0, 300.3, 300.4):
        clock.seconds = second
        shared.get("what", lambda: times.append(clock.seconds), clock, 2.0)
    assert times == [0.0, 0.3, 0.8, 1.8, 300.0, 300.3]


def test_a_cloud_that_does_not_answer_is_asked_once_an_interval_too() -> None:
    clock, shared, tries = SetClock(), SharedAnswers(), []

    def ask() -> None:
        tries.append(clock.seconds)
        raise Unreachable(service="volume", method="GET", path="/backups")

    for tenth in range(20):
        clock.seconds = tenth / 10
        with pytest.raises(Unreachable):
            shared.get("what", ask, clock, 2.0)
    assert tries == [0.0, 0.3, 0.8, 1.8]
