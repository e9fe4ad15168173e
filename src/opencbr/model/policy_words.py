"""A policy in words: when it fires and what it keeps, as a person would say it (contract 3.7, 5.6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from opencbr.model.policy import LONG_TERM, NO_LIMIT, sample_of

_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}


def schedule_in_words(patterns: Sequence[str], time_zone: str | None) -> list[str]:
    """Say for each pattern of a policy when it fires: `every 2 days at 14:00 UTC`."""
    return [f"{_pattern(one)} {time_zone or 'UTC'}" for one in patterns]


def kept_in_words(definition: Mapping[str, Any]) -> str:
    """Say what a policy's definition keeps of its backups of a resource."""
    most, days = definition.get("max_backups", NO_LIMIT), definition.get("retention_duration_days", NO_LIMIT)
    if days != NO_LIMIT:
        return f"those of the last {_count(days, 'day')}"
    if most == NO_LIMIT:
        return "all, for ever"
    periods = [
        _count(number, name.removesuffix("_backups"))
        for name in LONG_TERM
        if (number := definition.get(name))
    ]
    words = [f"the newest {most}"] if most else []
    if periods:
        words.append(f"the last one of each of {_listed(periods)} ({definition.get('timezone', 'UTC')})")
    return ", and ".join(words)


def drills_in_words(definition: Mapping[str, Any]) -> str:
    """Say what a policy of drills tries."""
    return f"tries the newest backup of {_count(sample_of(definition), 'server')} of each vault"


def full_in_words(definition: Mapping[str, Any]) -> str:
    """Say which backups of a policy are full."""
    interval = definition.get("full_backup_interval")
    if interval is None:
        return "the first, then as the operator has set it"
    if interval == 1:
        return "every one"
    return "the first" if interval < 1 else f"the first, then one in {interval}"


def _pattern(text: str) -> str:
    parts = dict(part.split("=", 1) for part in text.strip(";").split(";"))
    times = [
        f"{hour:02}:{minute:02}"
        for hour in sorted(map(int, parts["BYHOUR"].split(",")))
        for minute in sorted(map(int, parts["BYMINUTE"].split(",")))
    ]
    interval = int(parts.get("INTERVAL", "1"))
    named = set(parts["BYDAY"].split(",")) if "BYDAY" in parts else set()
    days = _listed([name for day, name in _DAYS.items() if day in named])
    if parts["FREQ"] == "WEEKLY":
        every = days if interval == 1 else f"every {interval} weeks on {days}"
    else:
        every = "every day" if interval == 1 else f"every {interval} days"
        every += f" that is a {days}" if days else ""
    return f"{every} at {_listed(times)}"


def _listed(words: Sequence[str]) -> str:
    *first, last = words or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
