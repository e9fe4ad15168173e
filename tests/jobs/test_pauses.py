"""How long a job waits between two looks at the cloud."""

from itertools import islice

import pytest

from opencbr.jobs.upstream.polling import pauses


@pytest.mark.parametrize(
    ("poll_seconds", "expected"),
    [(2.0, [0.3, 0.5, 1.0, 2.0, 2.0]), (0.4, [0.3, 0.4, 0.4, 0.4, 0.4]), (0.05, [0.05] * 5)],
)
def test_the_first_looks_come_soon_and_none_later_than_asked(poll_seconds, expected):
    assert list(islice(pauses(poll_seconds), 5)) == expected
