"""Ages in words."""

import pytest

from opencbr.model.freshness_words import age_in_words, complete_in_words, runs_in_words, summary_in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
        (40 * 86_400, "40 days"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: int, words: str):
    assert age_in_words(seconds) == words


def test_what_is_missing_is_said():
    assert complete_in_words(7200, has_complete=True) == "2 hours ago"
    assert complete_in_words(7200, has_complete=False) == "none since it was bound 2 hours ago"
    assert (runs_in_words(0, 0), runs_in_words(2, 1)) == ("", "2 missed, 1 late")
    nothing = {"resources": 0, "without_backup": 0, "last_run_failed": 0}
    assert summary_in_words(**nothing, oldest_unprotected_seconds=None) == ["nothing is bound"]
    numbers = {"resources": 3, "without_backup": 1, "last_run_failed": 2}
    assert summary_in_words(**numbers, oldest_unprotected_seconds=7200) == [
        "3 resources bound, the oldest unprotected age is 2 hours",
        "1 without a backup",
        "the last run of 2 failed",
    ]
