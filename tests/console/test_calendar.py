"""The coming runs as a grid of days and in words: on the clocks of the policy, in the two odd nights too."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opencbr.console.calendar.runs import coming_until
from opencbr.console.calendar.weeks import Day, first_day, last_day, weeks_of
from opencbr.console.calendar.words import day_in_words, lines_of, protected_in_words

NIGHTLY = "FREQ=DAILY;BYHOUR=02;BYMINUTE=30"


def policy(
    *patterns: str, zone: str | None = None, enabled: bool = True, name: str = "web"
) -> dict[str, Any]:
    properties = {
        "pattern": list(patterns),
        "time_zone": zone,
        "start_time": "2026-01-01 00:00:00",
    }
    return {"id": name, "name": name, "enabled": enabled, "trigger": {"properties": properties}}


def grid(one: dict[str, Any], now: datetime, zone: str) -> dict[date, Day]:
    first = first_day(now, [zone])
    weeks = weeks_of(coming_until(one, now, last_day(first)), now, first, zone)
    assert [len(week) for week in weeks] == [7] * 5
    return {day.date: day for week in weeks for day in week}


@pytest.mark.parametrize(
    ("now", "night", "local", "utc", "clocks"),
    [
        ("2026-03-25T12:00", date(2026, 3, 29), "03:30", "01:30 UTC", "clocks go forward 1 h"),
        ("2026-10-21T12:00", date(2026, 10, 25), "02:30", "00:30 UTC", "clocks go back 1 h"),
    ],
)
def test_in_the_odd_nights_it_fires_once_at_what_the_clocks_tell(
    now: str, night: date, local: str, utc: str, clocks: str
):
    days = grid(
        policy(NIGHTLY, zone="Europe/Berlin"),
        datetime.fromisoformat(now).replace(tzinfo=UTC),
        "Europe/Berlin",
    )
    day = days[night]
    assert [(f"{run.local:%H:%M}", run.utc_words) for run in day.runs] == [(local, utc)]
    assert day.clocks == clocks
    assert all(len(one.runs) == 1 for one in days.values() if not one.is_past and not one.is_today)
    assert [one.date for one in days.values() if one.clocks] == [night]


def test_a_run_stands_on_its_day_in_its_zone_and_says_where_utc_has_another():
    days = grid(policy(NIGHTLY, zone="Asia/Tokyo"), datetime(2026, 6, 3, 12, tzinfo=UTC), "Asia/Tokyo")
    (run,) = days[date(2026, 6, 4)].runs
    assert run.utc_words == "Wed 17:30 UTC"
    assert days[date(2026, 6, 3)].is_today
    assert not days[date(2026, 6, 3)].runs
    assert min(days) == date(2026, 6, 1)
    assert days[date(2026, 6, 2)].is_past


def test_a_policy_that_is_disabled_has_no_runs():
    assert (
        grid(policy(NIGHTLY, enabled=False), datetime(2026, 6, 3, tzinfo=UTC), "UTC")[date(2026, 6, 4)].runs
        == ()
    )


def test_the_grid_begins_where_it_is_earliest():
    """Sunday evening in New York is Monday in Tokyo: no run of the one falls out of the grid."""
    now = datetime(2026, 6, 8, 1, tzinfo=UTC)
    assert first_day(now, ["Asia/Tokyo", "America/New_York"]) == date(2026, 6, 1)
    assert first_day(now, []) == date(2026, 6, 8)


@pytest.mark.parametrize(
    ("now", "moment", "words"),
    [
        ("2026-06-03T10:00", "2026-06-03T14:00", "Today"),
        ("2026-06-03T10:00", "2026-06-03T22:00", "Tonight"),
        ("2026-06-03T10:00", "2026-06-04T02:00", "Tonight"),
        ("2026-06-04T01:00", "2026-06-04T02:00", "Tonight"),
        ("2026-06-04T01:00", "2026-06-04T22:00", "Today"),
        ("2026-06-04T01:00", "2026-06-05T02:00", "Tomorrow"),
        ("2026-06-03T10:00", "2026-06-04T06:00", "Tomorrow"),
        ("2026-06-03T10:00", "2026-06-05T02:00", "Friday 5 June"),
        ("2026-12-31T10:00", "2027-01-01T02:00", "Tonight"),
    ],
)
def test_days_in_words(now: str, moment: str, words: str):
    zone = ZoneInfo("Europe/Berlin")
    then, seen = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (moment, now))
    assert day_in_words(then, seen.astimezone(UTC)) == words


def test_lines_are_a_policy_and_day_each_in_order():
    now = datetime(2026, 6, 3, 10, tzinfo=UTC)
    both = [
        policy("FREQ=DAILY;BYHOUR=12,14,22;BYMINUTE=00", name="often"),
        policy("FREQ=DAILY;BYHOUR=13;BYMINUTE=00", name="once"),
    ]
    runs = [run for one in both for run in coming_until(one, now, date(2026, 6, 4))]
    told = [
        (line.day, [f"{run.local:%H:%M}" for run in line.runs], line.runs[0].name, line.what)
        for line in lines_of(runs, now, {"often": "1 server"})
    ]
    assert told == [
        ("Today", ["12:00", "14:00"], "often", "1 server"),
        ("Today", ["13:00"], "once", ""),
        ("Tonight", ["22:00"], "often", "1 server"),
    ]


def test_what_is_protected_counts_what_automatic_backups_take():
    def row(kind: str, *, taken: bool = True) -> dict[str, Any]:
        return {"type": kind, "auto_protect": taken}

    server, disk = "OS::Nova::Server", "OS::Cinder::Volume"
    assert protected_in_words([]) == "nothing to back up"
    assert protected_in_words([{"resources": [row(server), row(server, taken=False)]}]) == "1 server"
    many = [{"resources": [row(server), row(server)]}, {"resources": [row(disk)]}]
    assert protected_in_words(many) == "2 servers and 1 disk"


def test_the_end_of_the_grid_is_where_five_weeks_end():
    assert last_day(date(2026, 6, 1)) - date(2026, 6, 1) == timedelta(days=35)
