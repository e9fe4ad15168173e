"""Checkpoints: one request to protect, and what has come of it (contract 3.2, 4.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opencbr.model import statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A resource that could not be backed up at request time, with the catalogue's code and a reason."""

    id: str
    type: str
    name: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as stored; its status is derived from its backups (`checkpoint_status`)."""

    id: str
    project_id: str
    vault_id: str
    user_id: str
    name: str
    description: str = ""
    incremental: bool = True
    auto_trigger: bool = False
    retention_days: int = -1
    resources: tuple[
        dict[str, Any], ...
    ] = ()  # id, name, type, size_gb, exclude_volumes, include_volumes as asked
    skipped: tuple[Skipped, ...] = ()
    created_at: datetime


def checkpoint_status(backup_statuses: Iterable[statuses.BackupStatus]) -> statuses.CheckpointStatus | None:
    """Derive the status of a checkpoint from its backups' (contract 4.2); None when no backup remains (404/6217)."""
    seen = set(backup_statuses)
    if not seen:
        return None
    if seen & {statuses.WAITING_PROTECT, statuses.PROTECTING}:
        return statuses.PROTECTING
    if seen & {statuses.AVAILABLE, statuses.WAITING_RESTORE, statuses.RESTORING}:
        return statuses.AVAILABLE
    if seen & {statuses.WAITING_DELETE, statuses.DELETING}:
        return statuses.DELETING
    return statuses.ERROR
