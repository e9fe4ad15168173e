"""Times as people enter them, and the patterns that mean them (contract 5.6).

Most policies are daily, weekly, or come every few hours; what is none of these is entered as patterns, one a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

DAILY: Final = "daily"
WEEKLY: Final = "weekly"
HOURLY: Final = "hourly"
PATTERNS: Final = "patterns"

STEPS: Final = ("1", "2", "3", "4", "6", "8", "12")
"""After how many hours a policy may come again: those that divide a day."""

_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What is entered: of `times` (the kind) only its own members count.

    `at`: `02:30`, several with commas. `days`: `MO`. `hours` and `minute`: every so many hours, at that minute.
    """

    times: str = DAILY
    at: str = "02:00"
    days: tuple[str, ...] = ("MO", "TU", "WE", "TH", "FR")
    hours: str = "6"
    minute: str = "0"
    patterns: str = ""

    def wanted(self) -> list[str]:
        """Return the patterns; what is entered wrong stands in them as it is, and the API says what to change."""
        if self.times == PATTERNS:
            return [line.strip() for line in self.patterns.splitlines() if line.strip()]
        if self.times == HOURLY:
            step = int(self.hours) if self.hours in STEPS else _HOURS
            hours = ",".join(f"{hour:02}" for hour in range(0, _HOURS, step))
            return [f"FREQ=DAILY;BYHOUR={hours};BYMINUTE={_digits(self.minute)}"]
        days = f"BYDAY={','.join(self.days)};" if self.times == WEEKLY and self.days else ""
        begin = f"FREQ={'WEEKLY' if self.times == WEEKLY else 'DAILY'};{days}"
        moments = [one.strip() for one in self.at.split(",")]
        return [
            f"{begin}BYHOUR={_digits(h)};BYMINUTE={_digits(m)}"
            for h, _, m in (t.partition(":") for t in moments)
        ]


def times_of(patterns: Sequence[str]) -> Times:
    """Tell what somebody would enter to have these patterns of a policy that there is."""
    raw = Times(times=PATTERNS, patterns="\n".join(patterns))
    parts = [dict(part.split("=", 1) for part in text.strip(";").split(";")) for text in patterns]
    first = parts[0]
    same = all(one.get("BYDAY") == first.get("BYDAY") and one["FREQ"] == first["FREQ"] for one in parts)
    if not same or any(one.get("INTERVAL", "1") != "1" for one in parts):
        return raw
    moments = sorted(moment for one in parts for moment in _moments(one))
    at = ", ".join(f"{hour:02}:{minute:02}" for hour, minute in moments)
    if first["FREQ"] == "WEEKLY":
        return Times(times=WEEKLY, at=at, days=tuple(first["BYDAY"].split(",")))
    if "BYDAY" in first:
        return raw
    hours, minutes = [hour for hour, _ in moments], {minute for _, minute in moments}
    step = _HOURS // len(hours)
    if str(step) in STEPS and hours == [*range(0, _HOURS, step)] and len(minutes) == 1:
        return Times(times=HOURLY, hours=str(step), minute=str(minutes.pop()))
    return Times(times=DAILY, at=at)


def _moments(parts: Mapping[str, str]) -> list[tuple[int, int]]:
    return [
        (hour, minute)
        for hour in map(int, parts["BYHOUR"].split(","))
        for minute in map(int, parts["BYMINUTE"].split(","))
    ]


def _digits(text: str) -> str:
    text = text.strip()
    return text.zfill(2) if text.isascii() and text.isdecimal() else text
