"""The coming runs in words: tonight at 02:00 the policy web-daily, 12 servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from opencbr.console.calendar.runs import Coming
from opencbr.model.vault import RESOURCE_TYPE

_EVENING: Final = 18
_MORNING: Final = 6
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """The runs of one policy on one day, or in one night, and what they back up."""

    day: str
    runs: Sequence[Coming]
    what: str


def day_in_words(moment: datetime, now: datetime) -> str:
    """Say on which day or night a moment is, seen from now; `moment` is aware, and the clocks are its own.

    A night is from 18:00 to 06:00, and belongs to the day on which it begins.
    """
    now = now.astimezone(moment.tzinfo)
    is_night = moment.hour >= _EVENING or moment.hour < _MORNING
    morning = timedelta(hours=_MORNING)
    # Wall clocks: both are taken as they stand on the same clocks.
    if is_night and _wall(moment - morning) == _wall(now - morning):
        return "Tonight"
    days = (_wall(moment) - _wall(now)) // _DAY
    near = {0: "Today", 1: "Tomorrow"}
    return near.get(days) or f"{moment:%A} {moment.day} {moment:%B}"


def lines_of(runs: Sequence[Coming], now: datetime, what: Mapping[str, str]) -> list[Line]:
    """Put runs of policies into lines, in order; `what` says by the policy's id what is backed up."""

    def place(run: Coming) -> tuple[str, str]:
        return run.policy_id, day_in_words(run.local, now)

    # The sort keeps the order of time within each policy and day.
    grouped = groupby(sorted(runs, key=lambda run: (run.policy_id, run.utc)), key=place)
    lines = [Line(day, tuple(found), what.get(policy_id, "")) for (policy_id, day), found in grouped]
    return sorted(lines, key=lambda line: (line.runs[0].utc, line.runs[0].name))


def protected_in_words(vaults: Sequence[Mapping[str, Any]]) -> str:
    """Say how many servers and disks of these vaults of the API automatic backups take; "nothing to back up" for none."""
    taken = [row["type"] for vault in vaults for row in vault["resources"] if row["auto_protect"]]
    counts = {kind: taken.count(type_) for kind, type_ in RESOURCE_TYPE.items()}
    words = [f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items() if n]
    return " and ".join(words) or "nothing to back up"


def _wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
