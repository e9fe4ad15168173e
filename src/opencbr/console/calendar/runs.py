"""The moments at which a policy fires next, each as its own clocks and as UTC tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from opencbr.model.schedule import runs_between
from opencbr.model.times import parse_time


@dataclass(frozen=True, slots=True)
class Coming:
    """One moment at which a policy fires: `local` on the policy's clocks (aware), and the zone's name, UTC without one."""

    policy_id: str
    name: str
    local: datetime
    zone: str

    @property
    def utc(self) -> datetime:
        """The same moment in UTC."""
        return self.local.astimezone(UTC)

    @property
    def utc_words(self) -> str:
        """The time in UTC, with the day of the week where it is another day there; "" where the policy's clocks are UTC."""
        if self.zone == "UTC":
            return ""
        return f"{self.utc:%H:%M} UTC" if self.utc.date() == self.local.date() else f"{self.utc:%a %H:%M} UTC"


def zone_of(policy: Mapping[str, Any]) -> str:
    """Return the time zone of a policy of the API, UTC where it has none."""
    return policy["trigger"]["properties"]["time_zone"] or "UTC"


def coming_until(policy: Mapping[str, Any], now: datetime, end: date) -> list[Coming]:
    """Return the runs of a policy of the API from `now` (aware) until the day `end` begins in its zone; in order.

    A policy that is disabled has none.
    """
    if not policy["enabled"]:
        return []
    name, properties = zone_of(policy), policy["trigger"]["properties"]
    zone = ZoneInfo(name)
    found = runs_between(
        properties["pattern"],
        now,
        datetime.combine(end, time(), zone),
        start=parse_time(properties["start_time"]),
        time_zone=properties["time_zone"],
    )
    return [Coming(policy["id"], policy["name"], moment.astimezone(zone), name) for moment in found]


def clock_change(day: date, zone: str) -> str:
    """Say what the clocks of a zone do on a day: `clocks go forward 1 h`; "" where they go on."""
    begin, end = (datetime.combine(one, time(), ZoneInfo(zone)) for one in (day, day + timedelta(days=1)))
    moved = (end.utcoffset() or timedelta()) - (begin.utcoffset() or timedelta())
    if not moved:
        return ""
    hours = abs(moved) / timedelta(hours=1)
    return f"clocks go {'forward' if moved > timedelta() else 'back'} {hours:g} h"
