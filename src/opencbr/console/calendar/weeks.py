"""Five weeks of days with the runs on them: the grid that a page draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opencbr.console.calendar.runs import Coming, clock_change

WEEKS: Final = 5


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the grid and the runs on it, by the clocks of their policies; `clocks` says what the zone's clocks do."""

    date: date
    runs: Sequence[Coming]
    is_past: bool
    is_today: bool
    clocks: str


def first_day(now: datetime, zones: Sequence[str]) -> date:
    """Return the Monday with which the grid begins: of the week that it is now, in whatever zone it is earliest."""
    today = min(now.astimezone(ZoneInfo(zone)).date() for zone in [*zones] or ["UTC"])
    return today - timedelta(days=today.weekday())


def last_day(first: date) -> date:
    """Return the first day behind a grid."""
    return first + timedelta(weeks=WEEKS)


def weeks_of(runs: Sequence[Coming], now: datetime, first: date, zone: str) -> list[list[Day]]:
    """Put runs on their days, beginning with `first`; what is past and today are as in `zone`."""
    today = now.astimezone(ZoneInfo(zone)).date()
    of_day: dict[date, list[Coming]] = {}
    for run in runs:
        of_day.setdefault(run.local.date(), []).append(run)
    days = [first + timedelta(days=number) for number in range(7 * WEEKS)]
    grid = [Day(day, of_day.get(day, ()), day < today, day == today, clock_change(day, zone)) for day in days]
    return [grid[begin : begin + 7] for begin in range(0, len(grid), 7)]
