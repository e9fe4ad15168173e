"""What a policy's `operation_definition` says about keeping backups (contract 3.7, 5.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Literal

from opencbr.model.times import ahead_of_utc

Period = Literal["day", "week", "month", "year"]
PERIODS: tuple[Period, ...] = ("day", "week", "month", "year")

NEVER = -1
"""No limit: what both numbers say for a policy that keeps for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many backups of a resource are kept, or how long.

    `max_backups` is a count and `duration_days` a time; at most one of them is not NEVER. `periods` says of how many days,
    weeks, months and years the newest backup is kept besides the `max_backups` newest ones, in the days of `zone`.
    """

    max_backups: int = NEVER
    duration_days: int = NEVER
    periods: Mapping[Period, int] = field(default_factory=dict)
    zone: tzinfo = UTC

    @property
    def is_endless(self) -> bool:
        """Whether nothing goes: without `max_backups` there is nothing that the periods could be kept besides."""
        return self.max_backups < 0 and self.duration_days < 0


def limits_of(definition: Mapping[str, Any]) -> Limits:
    """Read the limits out of an `operation_definition`, whose members have been checked; what is left out is no limit.

    Raises ValueError for a zone that is none.
    """

    def number(name: str) -> int:
        given = definition.get(name)
        return NEVER if given is None else int(given)

    counts = {period: number(f"{period}_backups") for period in PERIODS}
    return Limits(
        max_backups=number("max_backups"),
        duration_days=number("retention_duration_days"),
        periods={period: count for period, count in counts.items() if count > 0},
        zone=zone_of(definition.get("timezone") or "UTC+00:00"),
    )


def zone_of(text: str) -> tzinfo:
    """Read `UTC+08:00`; raises ValueError for anything else."""
    ahead = ahead_of_utc(text)
    if ahead is None or abs(ahead) >= timedelta(hours=15):
        raise ValueError(f"{text[:32]!r} is no time zone: write it as UTC+08:00")
    return timezone(ahead)


def period_of(moment: datetime, period: Period, zone: tzinfo) -> str:
    """Name the day, week (ISO 8601), month or year of a moment: `2026-12-03`, `week 49 of 2026`, `2026-12`, `2026`."""
    local = moment.astimezone(zone)
    if period == "week":
        year, week, _ = local.isocalendar()
        return f"week {week} of {year}"
    return local.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[period])
