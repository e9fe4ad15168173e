"""What is decided of a backup, with the reasons in words and as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal

from opencbr.model import statuses
from opencbr.model.report import COMPLETE
from opencbr.model.statuses import BackupStatus

GOOD: frozenset[BackupStatus] = frozenset({statuses.AVAILABLE, statuses.WAITING_RESTORE, statuses.RESTORING})
"""Statuses of a backup that a server could be had back from."""
UNFINISHED: frozenset[BackupStatus] = frozenset({statuses.WAITING_PROTECT, statuses.PROTECTING})
LEAVING: frozenset[BackupStatus] = frozenset({statuses.WAITING_DELETE, statuses.DELETING})
IN_USE: frozenset[BackupStatus] = frozenset({statuses.WAITING_RESTORE, statuses.RESTORING})

Outcome = Literal["kept", "goes", "blocked"]
KEPT: Outcome = "kept"
GOES: Outcome = "goes"
BLOCKED: Outcome = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A backup of one resource in one vault, as far as keeping it depends on it.

    `verdict` is its record's: complete, partial or drifted, None before there is one. `needed_by` names the backups that are
    built directly on its disks, held ones too.
    """

    id: str
    created_at: datetime
    status: BackupStatus = statuses.AVAILABLE
    verdict: str | None = COMPLETE
    is_automatic: bool = True
    is_pinned: bool = False
    expired_at: datetime | None = None
    needed_by: frozenset[str] = frozenset()

    @property
    def is_lasting(self) -> bool:
        """Whether a server could be had back from it, today and on any later day."""
        return self.status in GOOD and self.expired_at is None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: `code` for programs, `text` for people, `data` what the text tells, with times as datetimes."""

    code: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one backup.

    `kept` stays for now, `goes` is deleted when this is carried out, `blocked` would go and cannot just now. `goes_at` is
    when it is due where that is a matter of time, None where it is not or where it never is. `needed_by` is the backup
    that stays and needs the data of one that goes: they lie in the cloud, and count, until that one goes too.
    """

    backup_id: str
    outcome: Outcome
    reasons: tuple[Reason, ...]
    goes_at: datetime | None = None
    needed_by: str | None = None


def told(moment: datetime, zone: tzinfo) -> str:
    """Write a moment for people, in the policy's zone."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {local.tzname()}"
