"""When to ask again: bounded, obedient, and never for what cannot get better."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.cloud.errors import CloudError, Refused, Unreachable
from opencbr.cloud.retry import Again, Patience, get_or_create, persist, retry_after

from .clouds import QuickClock

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def failure(status: int | None = 503) -> Unreachable:
    return Unreachable(service="volume", method="GET", path="/x", status=status, reason="down")


def failing(times: int, wanted: float | None = None):
    left = [times]

    def attempt() -> str:
        if left[0]:
            left[0] -= 1
            raise Again(failure(), wanted)
        return "done"

    return attempt


def test_it_asks_until_it_works():
    clock = QuickClock()
    assert persist(failing(4), Patience(retries=4), clock) == "done"
    assert len(clock.slept) == 4


def test_the_last_error_comes_out_when_the_tries_are_used_up():
    clock = QuickClock()
    with pytest.raises(Unreachable, match="answered 503: down"):
        persist(failing(5), Patience(retries=4), clock)
    assert len(clock.slept) == 4


def test_a_longer_wish_of_the_cloud_is_obeyed():
    clock = QuickClock()
    persist(failing(1, wanted=17), Patience(), clock)
    assert clock.slept == [17]


def test_a_wish_beyond_all_patience_ends_it_at_once():
    clock = QuickClock()
    with pytest.raises(Unreachable):
        persist(failing(1, wanted=3600), Patience(total_seconds=60), clock)
    assert clock.slept == []


@given(
    retries=st.integers(0, 30),
    jitter=st.floats(0, 1, exclude_max=True),
    total=st.floats(0, 120),
    wishes=st.lists(st.none() | st.floats(0, 50), min_size=31, max_size=31),
)
def test_all_pauses_together_stay_below_the_bound(retries, jitter, total, wishes):
    clock = QuickClock()
    wanted = iter(wishes)

    def attempt() -> None:
        raise Again(failure(), next(wanted))

    with pytest.raises(Unreachable):
        persist(attempt, Patience(retries=retries, total_seconds=total, jitter=lambda: jitter), clock)
    assert sum(clock.slept) <= total
    assert len(clock.slept) <= retries
    assert all(seconds > 0 for seconds in clock.slept)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("12", 12),
        ("0", None),
        ("-3", None),
        ("soon", None),
        ("Wed, 01 May 2024 12:00:30 GMT", 30),
        ("Wed, 01 May 2024 11:00:00 GMT", None),
        (f"Wed, 01 May {'9' * 20} 11:00:00 GMT", None),
        (f"Wed, 01 May 2024 12:00:30 +{'9' * 20}", None),
    ],
)
def test_retry_after_in_all_its_forms(header, seconds):
    assert retry_after(header, NOW) == seconds


class Shelf:
    """Something that keeps what is put on it, and loses answers on request."""

    def __init__(self, answers: list[str]) -> None:
        self.things: list[str] = []
        self.looks = 0
        self._answers = iter(answers)

    def create(self) -> str:
        answer = next(self._answers)
        if answer in ("made", "made, no answer"):
            self.things.append(f"thing {len(self.things)}")
        if answer == "refused":
            raise Refused(service="volume", method="POST", path="/x", status=400)
        if answer != "made":
            raise failure(None)
        return self.things[-1]

    def find(self) -> str | None:
        self.looks += 1
        return self.things[0] if self.things else None


@given(st.lists(st.sampled_from(["made", "made, no answer", "lost", "refused"]), min_size=10, max_size=10))
def test_whatever_gets_lost_a_thing_is_made_once(answers):
    shelf = Shelf(answers)
    try:
        made = get_or_create(shelf.find, shelf.create, Patience(retries=4), QuickClock())
    except CloudError:
        assert len(shelf.things) <= 1
    else:
        assert shelf.things == [made]


def test_a_first_create_is_not_preceded_by_a_look():
    shelf = Shelf(["made"])
    assert get_or_create(shelf.find, shelf.create, Patience(), QuickClock()) == "thing 0"
    assert shelf.looks == 0
