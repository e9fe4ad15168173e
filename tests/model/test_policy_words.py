"""What people are told of a policy."""

import pytest

from opencbr.model.policy_words import full_in_words, kept_in_words, schedule_in_words


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30", "every day at 02:30"),
        ("FREQ=DAILY;INTERVAL=2;BYHOUR=14,2;BYMINUTE=00;", "every 2 days at 02:00 and 14:00"),
        ("FREQ=DAILY;BYDAY=SU;BYHOUR=1;BYMINUTE=5", "every day that is a Sunday at 01:05"),
        ("FREQ=WEEKLY;BYDAY=TU,MO;BYHOUR=14;BYMINUTE=00", "Monday and Tuesday at 14:00"),
        (
            "BYMINUTE=0;BYHOUR=0;FREQ=WEEKLY;INTERVAL=3;BYDAY=SA,SU,FR",
            "every 3 weeks on Friday, Saturday and Sunday at 00:00",
        ),
    ],
)
def test_when_a_policy_fires(pattern, said):
    assert schedule_in_words([pattern], None) == [f"{said} UTC"]
    assert schedule_in_words([pattern] * 2, "Europe/Berlin") == [f"{said} Europe/Berlin"] * 2


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({}, "all, for ever"),
        ({"max_backups": -1, "retention_duration_days": -1}, "all, for ever"),
        ({"max_backups": -1, "day_backups": 3, "timezone": "UTC+00:00"}, "all, for ever"),
        ({"retention_duration_days": 1}, "those of the last 1 day"),
        ({"retention_duration_days": 30, "day_backups": 0}, "those of the last 30 days"),
        ({"max_backups": 7}, "the newest 7"),
        (
            {"max_backups": 7, "day_backups": 1, "year_backups": 2, "timezone": "UTC+08:00"},
            "the newest 7, and the last one of each of 1 day and 2 years (UTC+08:00)",
        ),
        (
            {"max_backups": 0, "week_backups": 4, "timezone": "UTC+08:00"},
            "the last one of each of 4 weeks (UTC+08:00)",
        ),
    ],
)
def test_what_a_policy_keeps(definition, said):
    assert kept_in_words(definition) == said


@pytest.mark.parametrize(
    ("interval", "said"),
    [(-1, "the first"), (0, "the first"), (1, "every one"), (7, "the first, then one in 7")],
)
def test_which_backups_are_full(interval, said):
    assert full_in_words({"full_backup_interval": interval}) == said
    assert full_in_words({}) == "the first, then as the operator has set it"
