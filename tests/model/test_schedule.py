"""When a policy fires (contract 5.6): held against a walk over the minutes, and in the two odd nights."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr.model.schedule import check_patterns, check_time_zone, next_runs, runs_between

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    weekly = draw(st.booleans())
    days = draw(st.lists(st.sampled_from(DAYS), unique=True, min_size=1))
    parts = [f"FREQ={'WEEKLY' if weekly else 'DAILY'}"]
    if weekly or draw(st.booleans()):
        parts.append("BYDAY=" + ",".join(days))
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 8))}")
    hours = draw(st.lists(st.integers(0, 23), unique=True, min_size=1, max_size=3))
    parts.append("BYHOUR=" + ",".join(f"{hour:02d}" for hour in hours))
    parts.append(f"BYMINUTE={draw(st.sampled_from((0, 7, 30, 59))):02d}")
    return ";".join(parts)


def fires(pattern: str, wall: datetime, anchor: date) -> bool:
    parts = dict(part.split("=") for part in pattern.split(";"))
    passed = (wall.date() - anchor).days
    if parts["FREQ"] == "WEEKLY":
        passed = (wall.date() - (anchor - anchor.weekday() * DAY)).days // 7
    return (
        passed % int(parts.get("INTERVAL", 1)) == 0
        and DAYS[wall.weekday()] in parts.get("BYDAY", ",".join(DAYS)).split(",")
        and str(wall.hour) in {str(int(hour)) for hour in parts["BYHOUR"].split(",")}
        and wall.minute == int(parts["BYMINUTE"])
    )


def walked(texts: list[str], after: datetime, start: datetime, zone: str, days: int) -> list[datetime]:
    """Every run of `days` days: each minute's wall clock is looked at; one that none has follows the one before it."""
    tz = ZoneInfo(zone)
    anchor = start.astimezone(tz).date()
    first_time: dict[datetime, datetime] = {}
    begin = (after - 2 * DAY).replace(second=0, microsecond=0)
    for step in range(1440 * (days + 3)):
        moment = begin + step * MINUTE
        first_time.setdefault(moment.astimezone(tz).replace(tzinfo=None), moment)
    found = set()
    wall, last = min(first_time), None
    for _ in range(1440 * (days + 3)):
        moment = first_time.get(wall) or (last + MINUTE if last else None)
        if moment is not None and any(fires(text, wall, anchor) for text in texts):
            found.add(moment)
        last, wall = moment, wall + MINUTE
    return sorted(run for run in found if after < run <= after + days * DAY and run > start)


@settings(max_examples=20, deadline=None)
@given(
    texts=st.lists(patterns(), min_size=1, max_size=3),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")),
    season=st.sampled_from(("2026-03-06", "2026-03-27", "2026-04-03", "2026-10-23", "2026-10-30")),
    age=st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=900)),
)
def test_runs_are_those_of_a_walk_over_the_minutes(texts: list[str], zone: str, season: str, age: timedelta):
    after = at(season)
    start = after - age
    expected = walked(texts, after, start, zone, days=9)
    told = next_runs(texts, after, start=start, time_zone=zone, count=len(expected) + 1)
    assert [run for run in told if run <= after + 9 * DAY] == expected
    assert runs_between(texts, after, after + 9 * DAY + MINUTE, start=start, time_zone=zone) == expected


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(patterns(), min_size=1, max_size=3), weekday=st.integers(0, 6))
def test_patterns_are_refused_exactly_when_two_runs_are_nearer_than_an_hour(texts: list[str], weekday: int):
    """1,180 days hold each meeting of two intervals up to 8 in weeks (7 * 7 * 8 days) and of the third with them by pairs."""
    start = TUESDAY + weekday * DAY
    runs = [next_runs([text], start, start=start, count=3600) for text in texts]
    merged = sorted({run for found in runs for run in found if run <= start + 1180 * DAY})
    wrong = any(not found for found in runs) or any(
        later - earlier < timedelta(hours=1) for earlier, later in pairwise(merged)
    )
    try:
        check_patterns(texts, start=start)
        refused = False
    except ValueError:
        refused = True
    assert refused == wrong


def test_a_time_that_does_not_exist_comes_as_late_after_midnight_as_ever():
    spring = ["FREQ=DAILY;BYHOUR=02;BYMINUTE=30"]
    runs = next_runs(spring, at("2026-03-28T00:00"), start=TUESDAY, time_zone="Europe/Berlin", count=3)
    assert runs == [at("2026-03-28T01:30"), at("2026-03-29T01:30"), at("2026-03-30T00:30")]


def test_a_time_that_exists_twice_fires_the_first_time_only():
    autumn = ["FREQ=DAILY;BYHOUR=02;BYMINUTE=30"]
    runs = next_runs(autumn, at("2026-10-24T12:00"), start=TUESDAY, time_zone="Europe/Berlin", count=2)
    assert runs == [at("2026-10-25T00:30"), at("2026-10-26T01:30")]


def test_two_patterns_that_mean_one_moment_are_one_run():
    texts = ["FREQ=DAILY;BYHOUR=02;BYMINUTE=00", "FREQ=DAILY;BYHOUR=03;BYMINUTE=00"]
    runs = next_runs(texts, at("2026-03-28T23:00"), start=TUESDAY, time_zone="Europe/Berlin", count=2)
    assert runs == [at("2026-03-29T01:00"), at("2026-03-30T00:00")]


def test_a_day_that_a_country_left_out_brings_no_disorder():
    """Samoa had no 30 December 2011: its runs come on the day after, and none twice."""
    texts = ["FREQ=DAILY;BYHOUR=0,8,16;BYMINUTE=0"]
    runs = next_runs(
        texts, at("2011-12-29T00:00"), start=at("2011-12-01T00:00"), time_zone="Pacific/Apia", count=12
    )
    assert runs == sorted(set(runs))
    assert all(later - earlier == timedelta(hours=8) for earlier, later in pairwise(runs))


def test_an_interval_counts_from_the_creation():
    daily = next_runs(
        ["FREQ=DAILY;INTERVAL=2;BYHOUR=14;BYMINUTE=00"], TUESDAY + 900 * DAY, start=TUESDAY, count=1
    )
    assert (daily[0].date() - TUESDAY.date()).days == 900
    weekly = next_runs(
        ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=14;BYMINUTE=00"], TUESDAY, start=TUESDAY, count=2
    )
    assert weekly == [at("2026-03-16T14:00"), at("2026-03-30T14:00")]


def test_a_run_is_strictly_later_and_never_before_the_creation():
    text = ["FREQ=WEEKLY;BYDAY=TU;BYHOUR=10;BYMINUTE=00;"]
    assert next_runs(text, TUESDAY, start=TUESDAY, count=1) == [TUESDAY + 7 * DAY]
    assert next_runs(text, TUESDAY - 30 * DAY, start=TUESDAY, count=1) == [TUESDAY + 7 * DAY]
    assert next_runs(text, TUESDAY - MINUTE, start=TUESDAY - 30 * DAY, count=1) == [TUESDAY]


def test_one_that_never_fires_is_not_looked_for_until_the_calendar_ends():
    assert next_runs(["FREQ=DAILY;INTERVAL=7;BYDAY=MO;BYHOUR=1;BYMINUTE=0"], TUESDAY, start=TUESDAY) == []
    assert next_runs(["FREQ=DAILY;BYHOUR=1;BYMINUTE=0"], at("9999-06-01"), start=TUESDAY) == []


HOURLY = ",".join(map(str, range(24)))


@pytest.mark.parametrize(
    "texts",
    [
        ["FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"],
        ["FREQ=DAILY;INTERVAL=2;BYHOUR=14;BYMINUTE=00"],
        [f"FREQ=DAILY;BYHOUR={HOURLY};BYMINUTE=05"],
        [f"FREQ=WEEKLY;BYDAY={','.join(DAYS)};BYHOUR={hour:02d};BYMINUTE=00;" for hour in range(24)],
        ["FREQ=DAILY;BYHOUR=1;BYMINUTE=0", "FREQ=DAILY;BYHOUR=1;BYMINUTE=00"],
        ["FREQ=WEEKLY;BYDAY=MO;BYHOUR=1;BYMINUTE=0", "FREQ=WEEKLY;BYDAY=TU;BYHOUR=1;BYMINUTE=30"],
    ],
)
def test_patterns_that_clients_send_are_good(texts: list[str]):
    check_patterns(texts, start=TUESDAY)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ([], "1 to 24 patterns"),
        (["FREQ=DAILY;BYHOUR=1;BYMINUTE=0"] * 25, "these are 25"),
        (["every night"], "'every night' in the pattern"),
        ([""], "is not known"),
        (["RRULE:FREQ=DAILY;BYHOUR=1;BYMINUTE=0"], "is not known"),
        (["FREQ=DAILY;BYHOUR=1;BYMINUTE=0;UNTIL=20200101T000000Z"], "'UNTIL' in the pattern"),
        (["FREQ=DAILY;BYHOUR=1;BYHOUR=2;BYMINUTE=0"], "BYHOUR stands twice"),
        (["FREQ=SECONDLY"], "must be WEEKLY or DAILY"),
        (["BYHOUR=1;BYMINUTE=0"], "must be WEEKLY or DAILY"),
        (["FREQ=WEEKLY;BYHOUR=1;BYMINUTE=0"], "needs BYDAY"),
        (["FREQ=WEEKLY;BYDAY=1MO;BYHOUR=1;BYMINUTE=0"], "must be some of MO,TU"),
        (["FREQ=WEEKLY;BYDAY=;BYHOUR=1;BYMINUTE=0"], "must be some of MO,TU"),
        (["FREQ=DAILY;BYMINUTE=0"], "BYHOUR of the pattern"),
        (["FREQ=DAILY;BYHOUR=24;BYMINUTE=0"], "from 0 to 23"),
        (["FREQ=DAILY;BYHOUR=1"], "BYMINUTE of the pattern"),
        (["FREQ=DAILY;BYHOUR=1;BYMINUTE=-1"], "from 0 to 59"),
        (["FREQ=DAILY;BYHOUR=\u0661;BYMINUTE=0"], "from 0 to 23"),
        (["FREQ=DAILY;INTERVAL=0;BYHOUR=1;BYMINUTE=0"], "from 1 to 366"),
        (["FREQ=DAILY;INTERVAL=" + "9" * 5000 + ";BYHOUR=1;BYMINUTE=0"], "from 1 to 366"),
        (["FREQ=DAILY;INTERVAL=1,2;BYHOUR=1;BYMINUTE=0"], "must be one number"),
        (["FREQ=DAILY;INTERVAL=7;BYDAY=MO;BYHOUR=1;BYMINUTE=0"], "never fires"),
        (["FREQ=DAILY;BYHOUR=1;BYMINUTE=0,30"], "30 minutes apart"),
        ([f"FREQ=DAILY;BYHOUR={HOURLY};BYMINUTE={','.join(map(str, range(60)))}"], "1440 times a day"),
        (["FREQ=DAILY;BYHOUR=1;BYMINUTE=0", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=1;BYMINUTE=59"], "59 minutes apart"),
        (["FREQ=DAILY;BYHOUR=0,23;BYMINUTE=30", "FREQ=DAILY;BYHOUR=0;BYMINUTE=0"], "30 minutes apart"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(texts: list[str], told: str):
    with pytest.raises(ValueError, match=re.escape(told)):
        check_patterns(texts, start=TUESDAY)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kolkata"])
def test_a_time_zone_is_one_of_the_database(name: str):
    check_time_zone(name)


@pytest.mark.parametrize(
    "name", ["", "Europe", "UTC+08:00", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\0", "x" * 999]
)
def test_what_is_no_time_zone_is_refused(name: str):
    with pytest.raises(ValueError, match="is no time zone"):
        check_time_zone(name)
