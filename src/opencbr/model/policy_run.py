"""The runs of policies: one for each time that a policy is due and each resource of its vaults; ours, beside the contract.

A run waits in a queue of its resource, so that one that is busy keeps no other waiting; then it becomes a checkpoint, a backup
and an operation log, or a drill, whose id is that of the log. What could not be run is a row too, with why.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from opencbr.model.policy import BACKUP

WAITING: Final = "waiting"
RUNNING: Final = "running"
SUCCESS: Final = "success"
FAILED: Final = "failed"
MISSED: Final = "missed"
"""It has not begun in its start window: no worker was there, or the resource or the cap left no room."""
SKIPPED: Final = "skipped"
"""It was not to be run: the policy was taken away meanwhile, or a quota has no room for a drill."""

VAULT_REFUSES: Final = ("6113", "6114")
"""Codes for which a run waits, since the vault's status and its size change; if they last until it ends, it has failed."""

RunStatus = Literal["waiting", "running", "success", "failed", "missed", "skipped"]

SCHEDULE: Final = "schedule"
REQUEST: Final = "request"
"""Somebody has asked for it (run now)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRun:
    """One run of one resource.

    It begins from `not_before` on, which is later than `due_at` by the spread, or to try again; and until `start_by`, the
    end of its start window. `late`: it is run after all, though no worker was there in that window. `code` (of the catalogue)
    and `reason` say why it ended so, or why it still waits. Each attempt is a backup of its own: the ids are the last one's.
    `operation_type` is the policy's; of a drill `backup_id` is what is tried.
    """

    id: str
    project_id: str
    policy_id: str
    vault_id: str
    resource_id: str
    resource_name: str
    resource_type: str
    operation_type: str = BACKUP
    trigger: Literal["schedule", "request"] = SCHEDULE
    status: RunStatus = WAITING
    due_at: datetime
    not_before: datetime
    start_by: datetime
    late: bool = False
    attempts: int = 0
    code: str = ""
    reason: str = ""
    checkpoint_id: str | None = None
    backup_id: str | None = None
    operation_log_id: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
