"""Backups and their states (contract 3.3, 4.3). A server backup has one child per disk."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opencbr.model import statuses
from opencbr.model.statuses import BackupStatus

DELETABLE: frozenset[BackupStatus] = frozenset({statuses.AVAILABLE, statuses.ERROR})
READABLE: frozenset[BackupStatus] = frozenset(
    {statuses.AVAILABLE, statuses.WAITING_RESTORE, statuses.RESTORING, statuses.WAITING_DELETE}
)
"""Statuses in which ShowMetadata answers (contract 6.7.2); all others give 400/6206."""
RECORDED: frozenset[BackupStatus] = frozenset(
    {statuses.AVAILABLE, statuses.WAITING_RESTORE, statuses.RESTORING}
)
"""Statuses that only a backup with a closed record reaches; one that never had a record may be `waiting_delete` too."""

MOVES: dict[BackupStatus, frozenset[BackupStatus]] = {
    statuses.WAITING_PROTECT: frozenset({statuses.PROTECTING, statuses.ERROR}),
    statuses.PROTECTING: frozenset({statuses.AVAILABLE, statuses.ERROR}),
    statuses.AVAILABLE: frozenset(
        {statuses.WAITING_RESTORE, statuses.RESTORING, statuses.WAITING_DELETE, statuses.DELETING}
    ),
    statuses.WAITING_RESTORE: frozenset({statuses.RESTORING, statuses.AVAILABLE}),
    statuses.RESTORING: frozenset({statuses.AVAILABLE}),
    statuses.ERROR: frozenset({statuses.WAITING_DELETE, statuses.DELETING}),
    statuses.WAITING_DELETE: frozenset({statuses.DELETING, statuses.ERROR}),
    statuses.DELETING: frozenset({statuses.ERROR}),
}
"""Allowed status changes; leaving `deleting` for good means the row is gone.

One more, there and back, is the janitor's alone: from `available` to `error` when the cloud has lost the backup.
"""

OWN_REGION = ""
"""The region that this installation works in.

It has no name in the rows: an operator may name the region in the settings, or rename it, when there are many of them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup as stored.

    A server's backup is the parent, with one child per disk; a disk backup is a single row and its own disk.
    `incremental` is what was asked for (trap T15). `stored_mb` is what the row counts for in its vault; a server's
    backup counts for the image of its root disk where it has one, its disks for themselves.
    """

    id: str
    project_id: str
    checkpoint_id: str
    vault_id: str
    provider_id: str
    parent_id: str | None = None
    position: int = 0  # order of the disk in the server, 0 = boot disk
    name: str
    description: str | None = None
    resource_id: str
    resource_name: str
    resource_type: str
    resource_size: int = 0  # GiB
    resource_az: str | None = None
    image_type: str = "backup"
    status: BackupStatus = statuses.WAITING_PROTECT
    incremental: bool = True
    extend_info: dict[str, Any] = field(default_factory=dict)
    enterprise_project_id: str = "0"
    version: int = 3
    verdict: str | None = None  # complete, partial or drifted, once the record is closed
    stored_mb: int = 0
    held_at: datetime | None = None  # deleted for the user, kept because later incrementals need it
    created_at: datetime
    updated_at: datetime
    protected_at: datetime | None = None
    expired_at: datetime | None = None
    pinned_at: datetime | None = None  # while it is set nothing removes the backup by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskBackup(Backup):
    """The backup of one disk (a child, or a disk backup) with the Cinder backup that holds it in one region.

    Where there is none, `cinder_backup_id` and `based_on` are None. `is_incremental` is what Cinder made.
    """

    cinder_backup_id: str | None = None
    is_incremental: bool = False
    based_on: str | None = None  # our id of the disk backup that this one needs in the same region
