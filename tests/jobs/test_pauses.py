"""How long a job waits between two looks at the cloud."""

from itertools import islice

import pytest

from opencbr.jobs.intervals import pauses


@pytest.mark.parametrize(
    ("poll_seconds", "expected"),
    [(2.0, [0.3, 0.5, 1.0, 2.0, 2.0]), (0.4, [0.3, 0.4, 0.4, 0.4, 0.4]), (0.05, [0.05] * 5)],
)
def test_the_first_looks_come_soon_and_none_later_than_asked(poll_seconds, expected):
    assert list(islice(pauses(poll_seconds), 5)) == expected


def test_the_pauses_of_a_long_copy_grow_to_half_a_minute_and_lose_a_twentieth_at_most():
    waited, seen = 0.0, []
    for pause in islice(pauses(2.0), 200):
        assert pause <= max(2.0, waited / 20)
        waited += pause
        seen.append(pause)
    assert seen[-1] == 30.0
    assert len(seen) < waited / 2.0 / 4, "a quarter of the looks that an even pace would take"
    assert list(islice(pauses(60.0), 5))[3:] == [60.0, 60.0], "who wants fewer looks has them"
