"""How old the newest backups of what is bound to vaults are, and how their policies' runs have gone; ours, beside the contract.

A *finished* backup is one that a server could be had back from (`model.backup.RECORDED`); a *complete* one is finished
and its record's verdict is `complete`. A backup's age is counted from when it was asked for, as retention counts.
"""

from dataclasses import dataclass
from datetime import datetime

from opencbr.model.backup import Backup
from opencbr.model.policy_run import PolicyRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFreshness:
    """One bound resource.

    `unprotected_since` is when its newest complete backup was asked for, and when it was bound where it has none.
    `auto_protect` is false while it is suspended. Runs are those of `policy_id`, the backup policy of its vault, as long as
    they are kept; `last_run` is the one that was due last of those that have ended.
    """

    id: str
    name: str
    type: str
    vault_id: str
    vault_name: str
    bound_at: datetime
    auto_protect: bool
    unprotected_since: datetime
    newest_complete: Backup | None = None
    newest_finished: Backup | None = None
    newest_restore_tested: Backup | None = None
    policy_id: str | None = None
    missed_runs: int = 0
    late_runs: int = 0
    last_run: PolicyRun | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessSummary:
    """What is bound to one vault, or to all of a project, in numbers.

    `without_backup` counts resources that have no finished backup, `last_run_failed` those whose last run has failed.
    `unprotected_since` is the earliest of them all, None when nothing is bound.
    """

    resources: int = 0
    without_backup: int = 0
    last_run_failed: int = 0
    unprotected_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultFreshness:
    """The numbers of one vault."""

    vault_id: str
    vault_name: str
    summary: FreshnessSummary


def age_seconds(since: datetime, now: datetime) -> int:
    """Count the whole seconds since a moment; 0 for one that is still to come, as after a clock was put back."""
    return max(0, int((now - since).total_seconds()))
