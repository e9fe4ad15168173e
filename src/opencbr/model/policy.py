"""Policies: when backups are made by themselves, and how long they are kept (contract 3.7, 5.6); or when they are drilled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Final

from opencbr.model.retention.limits import zone_of

BACKUP: Final = "backup"
"""The operation_type of policies for backups; the contract has replication too, which is not offered."""
DRILL: Final = "drill"
"""The operation_type of policies that try whether backups can be restored; ours."""

DRILL_SAMPLE: Final = "drill_sample"
"""Member of the definition of a policy of drills: of how many servers of each vault the newest backup is tried each time."""
MAX_SAMPLE: Final = 100

MAX_POLICIES = 32
"""Policies of a type that one project may have (contract 5.1, code 6001)."""

NO_LIMIT: Final = -1
LONG_TERM = ("day_backups", "week_backups", "month_backups", "year_backups")
"""How many days, weeks, months and years keep their last backup; 0 as much as left out, as clients send it."""

RUNS_SHOWN = 5
"""Next runs that an answer tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy as stored.

    `patterns` stand as they were sent, byte for byte (trap T14); they are local times of `time_zone`, an IANA name, and UTC
    without one. `definition` has the members of the contract's operation_definition that were sent, and no others.
    `next_fire_at` is when it fires next: None while it is disabled.
    """

    id: str
    project_id: str
    name: str
    operation_type: str = BACKUP
    enabled: bool = True
    patterns: tuple[str, ...]
    time_zone: str | None = None
    start_window_minutes: int | None = None
    trigger_id: str
    definition: Mapping[str, Any] = field(default_factory=dict)
    next_fire_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


def check_definition(definition: Mapping[str, Any], operation_type: str = BACKUP) -> None:
    """Check that the members of a definition go together (contract 5.6, D17); each by itself is within its limits.

    Raises ValueError with the member to change, and how.
    """
    if operation_type == DRILL:
        for name in definition.keys() - {DRILL_SAMPLE}:
            raise ValueError(f"{name}: a policy of drills makes and keeps no backup: leave it out")
        return
    if DRILL_SAMPLE in definition:
        raise ValueError(f"{DRILL_SAMPLE}: it is for a policy with operation_type {DRILL}: leave it out")
    most, days = _limit(definition, "max_backups"), _limit(definition, "retention_duration_days")
    long_term = [name for name in LONG_TERM if definition.get(name)]
    if days == 0:
        raise ValueError("retention_duration_days: 0 would keep no backup: give 1 or more, or -1 for no end")
    if inf not in {days, most}:
        raise ValueError(
            "retention_duration_days: give it or max_backups, not both: set one of them to -1 or leave it out"
        )
    if days != inf and long_term:
        raise ValueError(
            f"{long_term[0]}: it does not go with retention_duration_days: use it with max_backups, or leave it out"
        )
    zone = definition.get("timezone")
    if zone is not None:
        _check_zone(zone)
    if long_term and zone is None:
        raise ValueError(
            f"{long_term[0]}: it needs timezone, in which days and weeks begin: add it, as in UTC+08:00"
        )
    if most == 0 and not long_term:
        raise ValueError("max_backups: 0 would keep no backup: give 1 or more, or -1 for no limit")


def _check_zone(zone: str) -> None:
    try:
        zone_of(zone)
    except ValueError as error:
        raise ValueError(f"timezone: {zone!r} is none: write it as in UTC+08:00") from error


def sample_of(definition: Mapping[str, Any]) -> int:
    """Return how many servers of each vault a policy of drills tries each time; one where it does not say."""
    return int(definition.get(DRILL_SAMPLE, 1))


def shortens(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Say whether a changed definition may keep a backup for a shorter time than the one before.

    In another `timezone` other backups are the last of their days, weeks, months and years.
    """
    if any(_limit(new, name) < _limit(old, name) for name in ("max_backups", "retention_duration_days")):
        return True
    if any((new.get(name) or 0) < (old.get(name) or 0) for name in LONG_TERM):
        return True
    return any(old.get(name) for name in LONG_TERM) and old.get("timezone") != new.get("timezone")


def _limit(definition: Mapping[str, Any], name: str) -> float:
    value = definition.get(name, NO_LIMIT)
    return inf if value == NO_LIMIT else float(value)
