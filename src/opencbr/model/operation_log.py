"""Operation logs: what was asked, how far it is, how it ended (contract 3.8, 4.4).

A waiting operation log is also what a worker makes a job of; its id is the job's id.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opencbr.model import statuses

TERMINAL: frozenset[statuses.OperationStatus] = frozenset(
    {statuses.SUCCESS, statuses.FAILED, statuses.TIMEOUT, statuses.SKIPPED}
)

BACKUP = "backup"
DELETE = "delete"
RESTORE = "restore"
RESTORE_NEW_SERVER = "restore_new_server"
RESTORE_NEW_VOLUME = "restore_new_volume"
RESTORE_CHECKPOINT = "restore_checkpoint"
RESTORE_UNDO = "restore_undo"
REMOVE_RESOURCE = "remove_resource"
VAULT_DELETE = "vault_delete"
MIGRATE_RESOURCES = "migrate_resources"
UPDATE_EXPIRATION_TIME = "update_expiration_time"
DRILL = "drill"

LEFT = "left_in_cloud"
"""Key in `details` of what a job could not remove from the cloud, a sentence each; the janitor goes on with it."""

FULL_INSTEAD = "full_instead"
"""Key in `details` of the disks of which a full backup is made though an incremental was asked for: id and why."""
FULL_INTERVAL = "full_backup_interval"
"""Key in `parameters` of a backup by a policy: every so manieth is a full one."""
FIRING = "firing"
"""Key in `parameters` of a backup by a policy: the same for all that are due at one time, in whichever checkpoints they are."""
RESOURCES = "resources"
"""Key in `details` of the restore of a checkpoint: each server and disk with its backup, and in the end what it has become."""
REPORT = "report"
"""Key in `details` of a restore by a plan: what became of the captured fields, and those that are not as before."""
VERDICT = "verdict"
"""Key in `details` of a drill: what came of it."""
BYTES = "bytes"
"""Key in `details` of how much of the disks that are copied or written is done: bytes `done`, `total`, and `estimated`."""
NOTES = "notes"
"""Key in `details` of what else somebody who waits should know, a sentence each: an outage, an object that is stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLog:
    """One unit of work on one resource. `progress` is 0 to 100.

    `parameters` is what only the job may read: no answer of the API has it. `details` is for the client, the part
    of `extra_info` that is named after the operation type.
    """

    id: str
    project_id: str
    operation_type: str
    status: statuses.OperationStatus = statuses.WAITING
    user_id: str = ""
    provider_id: str | None = None
    vault_id: str | None = None
    vault_name: str | None = None
    checkpoint_id: str | None = None
    policy_id: str | None = None
    backup_id: str | None = None
    backup_name: str | None = None
    resource_id: str | None = None
    resource_name: str | None = None
    resource_type: str | None = None
    request_id: str = ""
    progress: int = 0
    step: str = ""
    error_code: str = ""
    error_message: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    cancel_requested: bool = False
    created_at: datetime
    started_at: datetime | None = None
    updated_at: datetime
    ended_at: datetime | None = None
