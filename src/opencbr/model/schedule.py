"""When a policy fires: its patterns, and the moments that they mean (contract 5.6).

Times of day are UTC, or local where the policy has an IANA `time_zone` (ours). What RFC 5545 (3.3.5) says of the two odd
nights holds: a local time that does not exist is counted from midnight as on any day (02:30 comes at what the clocks call
03:30), and one that exists twice fires once, the first time. Two patterns that mean one moment are one run.

`INTERVAL` counts days, or weeks from Monday on, from the local day of `start`, the policy's creation.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import combinations_with_replacement
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dateutil import rrule

MAX_PATTERNS: Final = 24
"""Patterns that one policy may have (contract 5.10)."""

MAX_INTERVAL: Final = 366
"""The longest `INTERVAL`; ours, the contract names none."""

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = timedelta(days=1)
_MINUTES: Final = 24 * 60
_LAST: Final = datetime(9999, 1, 1)  # noqa: DTZ001 (a wall clock's time): no run is looked for behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    """One pattern. `days` are weekdays, Monday is 0; `times` are minutes of the day."""

    text: str
    weekly: bool
    interval: int
    days: frozenset[int]
    hours: frozenset[int]
    minutes: frozenset[int]

    @property
    def times(self) -> set[int]:
        return {60 * hour + minute for hour in self.hours for minute in self.minutes}

    @property
    def cycle(self) -> int:
        """After how many days the days of its runs repeat."""
        return 7 * self.interval

    def days_of_cycle(self, start: date) -> set[int]:
        """Tell on which days of a cycle it runs, counted from the Monday before `start`."""
        if self.weekly:
            return set(self.days)
        turns = {(start.weekday() + turn * self.interval) % self.cycle for turn in range(7)}
        return {day for day in turns if day % 7 in self.days}

    def walls(self, start: date, after: datetime, *, runs: int) -> Iterable[datetime]:
        """Count the wall clock's times of its runs from `after` or a little before on, until `runs` of them are there."""
        step = timedelta(days=7 if self.weekly else 1) * self.interval
        first = start - timedelta(days=start.weekday()) if self.weekly else start
        turn = first + step * max(0, (after.date() - first) // step)
        found: Iterable[datetime] = rrule.rrule(
            rrule.WEEKLY if self.weekly else rrule.DAILY,
            dtstart=datetime.combine(turn, time()),
            interval=self.interval,
            wkst=rrule.MO,
            byweekday=sorted(self.days),
            byhour=sorted(self.hours),
            byminute=sorted(self.minutes),
            bysecond=0,
            # one that never fires would else be looked for until the calendar ends
            until=min(_LAST, datetime.combine(turn, time()) + _DAY * self.cycle * (runs + 2)),
        )
        return found


def check_time_zone(name: str) -> None:
    """Raise ValueError, with what to change, unless `name` is a time zone of the IANA database, as `Europe/Berlin`."""
    if name not in _zones():
        raise ValueError(
            f"{name[:64]!r} is no time zone; send a name of the IANA database, such as Europe/Berlin, or none for UTC"
        )


def check_patterns(patterns: Sequence[str], *, start: datetime, time_zone: str | None = None) -> None:
    """Raise ValueError, with what to change, unless a policy may have these patterns (contract 5.6).

    Runs of all of them together are an hour apart on the wall clock, which makes 24 a day at most. `start` (aware) is when
    the policy was made. The night in which clocks are put forward may bring two runs nearer to each other.
    """
    if not 1 <= len(patterns) <= MAX_PATTERNS:
        raise ValueError(f"a policy has 1 to {MAX_PATTERNS} patterns, these are {len(patterns)}")
    anchor = _anchor(start, time_zone)
    read = [_read(text) for text in patterns]
    for pattern in read:
        if not pattern.days_of_cycle(anchor):
            raise ValueError(
                f"{pattern.text!r} never fires: no {pattern.interval}th day from {anchor} on is one of its BYDAY; "
                "leave INTERVAL or BYDAY out"
            )
        if len(pattern.times) > 24:  # noqa: PLR2004 (hours of a day)
            raise ValueError(
                f"{pattern.text!r} fires {len(pattern.times)} times a day; runs are at least an hour apart"
            )
    for one, other in combinations_with_replacement(read, 2):
        _check_distance(one, other, anchor)


def next_runs(
    patterns: Sequence[str],
    after: datetime,
    *,
    start: datetime,
    time_zone: str | None = None,
    count: int = 5,
) -> list[datetime]:
    """Return the next `count` moments (UTC, in order) at which a policy of these patterns fires, strictly after `after`.

    `after` and `start`, when the policy was made, are aware; none is before `start`. Fewer only when a pattern never fires
    or the calendar ends. Raises ValueError for a pattern or a time zone that is none.
    """
    zone = _zone(time_zone)
    anchor, floor = _anchor(start, time_zone), max(after, start)
    found: set[datetime] = set()
    for text in patterns:
        found.update(_moments(_read(text), anchor, zone, floor, count))
    return sorted(found)[:count]


def runs_between(
    patterns: Sequence[str],
    after: datetime,
    before: datetime,
    *,
    start: datetime,
    time_zone: str | None = None,
) -> list[datetime]:
    """Return all moments (UTC, in order) after `after` and before `before` at which a policy of these patterns fires.

    All times are aware; no run is before `start`, when the policy was made. Raises ValueError as `next_runs` does.
    """
    zone = _zone(time_zone)
    anchor, floor = _anchor(start, time_zone), max(after, start)
    last = before.astimezone(zone).replace(tzinfo=None) + _DAY
    days = max(0, (before - floor) // _DAY) + 3
    found: set[datetime] = set()
    for text in patterns:
        pattern = _read(text)
        found.update(_moments(pattern, anchor, zone, floor, days * len(pattern.times), last=last))
    return sorted(moment for moment in found if moment < before)


def _moments(
    pattern: _Pattern, start: date, zone: tzinfo, after: datetime, count: int, *, last: datetime = _LAST
) -> Iterator[datetime]:
    """Tell the first `count` runs after `after`, and some more: where clocks jump, the order of walls is not that of moments.

    No jump is longer than a day. None is told whose wall is later than `last`.
    """
    found: set[datetime] = set()
    enough = last
    near = after.astimezone(zone).replace(tzinfo=None) - _DAY
    for wall in pattern.walls(start, near, runs=count + 1):
        if wall > enough:
            return
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment > after:
            yield moment
            found.add(moment)
            if len(found) == count:
                enough = min(last, wall + _DAY)


def _check_distance(one: _Pattern, other: _Pattern, start: date) -> None:
    """Raise ValueError when runs of both are less than an hour apart on some day, or around some midnight."""
    common = math.gcd(one.cycle, other.cycle)  # days r and s meet some time exactly when they are equal by it
    others = {day % common for day in other.days_of_cycle(start)}
    for later in (-1, 0, 1):
        if not others & {(day + later) % common for day in one.days_of_cycle(start)}:
            continue
        for first in one.times:
            for second in other.times:
                apart = abs(second + later * _MINUTES - first)
                if 0 < apart < 60:  # noqa: PLR2004 (minutes of an hour)
                    both = repr(one.text) if one is other else f"{one.text!r} and {other.text!r}"
                    raise ValueError(f"{both} fire {apart} minutes apart; runs are at least an hour apart")


def _read(text: str) -> _Pattern:
    """Read one pattern; raises ValueError with what to change."""
    shown = repr(text[:200])
    parts: dict[str, str] = {}
    for part in text.removesuffix(";").split(";"):
        key, _, value = part.partition("=")
        if key not in ("FREQ", "BYDAY", "BYHOUR", "BYMINUTE", "INTERVAL"):
            raise ValueError(
                f"{key[:32]!r} in the pattern {shown} is not known; the keys are FREQ, BYDAY, BYHOUR, BYMINUTE and INTERVAL"
            )
        if key in parts:
            raise ValueError(
                f"{key} stands twice in the pattern {shown}; write it once, its values with commas"
            )
        parts[key] = value
    freq = parts.get("FREQ")
    if freq not in ("WEEKLY", "DAILY"):
        raise ValueError(f"FREQ of the pattern {shown} must be WEEKLY or DAILY")
    if freq == "WEEKLY" and "BYDAY" not in parts:
        raise ValueError(f"the weekly pattern {shown} needs BYDAY, such as BYDAY=MO,TH")
    days = parts.get("BYDAY", ",".join(_DAYS)).split(",")
    if not set(days) <= set(_DAYS):
        raise ValueError(f"BYDAY of the pattern {shown} must be some of {','.join(_DAYS)}")
    interval = _numbers(parts.get("INTERVAL", "1"), "INTERVAL", shown, range(1, MAX_INTERVAL + 1))
    if len(interval) > 1:
        raise ValueError(f"INTERVAL of the pattern {shown} must be one number")
    return _Pattern(
        text=text,
        weekly=freq == "WEEKLY",
        interval=next(iter(interval)),
        days=frozenset(_DAYS.index(day) for day in days),
        hours=_numbers(parts.get("BYHOUR", ""), "BYHOUR", shown, range(24)),
        minutes=_numbers(parts.get("BYMINUTE", ""), "BYMINUTE", shown, range(60)),
    )


def _numbers(value: str, key: str, shown: str, allowed: range) -> frozenset[int]:
    words = value.split(",")
    wrong = [word for word in words if not (word.isascii() and word.isdecimal() and len(word) <= 3)]  # noqa: PLR2004
    if wrong or not {int(word) for word in words} <= set(allowed):
        raise ValueError(f"{key} of the pattern {shown} must be a number from {allowed[0]} to {allowed[-1]}")
    return frozenset(int(word) for word in words)


def _anchor(start: datetime, time_zone: str | None) -> date:
    return start.astimezone(_zone(time_zone)).date()


def _zone(time_zone: str | None) -> tzinfo:
    if time_zone is None:
        return UTC
    check_time_zone(time_zone)
    return ZoneInfo(time_zone)


@cache
def _zones() -> set[str]:
    return available_timezones()
