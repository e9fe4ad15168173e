"""The jobs there are: the one place where a new one is entered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from opencbr.jobs.backup.job import run_backup
from opencbr.jobs.compensation import compensate
from opencbr.jobs.context import JobContext
from opencbr.jobs.delete.job import compensate_delete, run_delete
from opencbr.jobs.delete.removal import (
    compensate_remove_resource,
    compensate_vault_delete,
    run_remove_resource,
    run_vault_delete,
)
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.model import operation_log
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, resources, vaults

Run = Callable[[Job, JobContext, OperationLog], None]
Compensate = Callable[[Job, JobContext, OperationLog, StepFailed | Cancelled], None]
Free = Callable[[Connection, OperationLog, datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType:
    """What carries out operations of one type.

    `run` does the work, and ends the operation log itself, by `compensate` when a step failed or somebody
    cancelled. `compensate` is also what ends a job that broke outside of its steps, so it must cope with any
    point of the work. `frees` lets go, in the transaction that ends a log for which even that did not help,
    what the operation keeps busy: the next request must not find it busy for ever.
    `cancellable`: its steps look at the log's `cancel_requested`.
    """

    run: Run
    compensate: Compensate
    cancellable: bool
    frees: Free


def _frees_resource(conn: Connection, operation: OperationLog, now: datetime) -> None:
    """Let go the resource, and the backup with its disks if one was being made or deleted."""
    if operation.resource_id is not None and operation.operation_type != operation_log.DELETE:
        busy = {"protecting", "removing"}
        resources.set_status(conn, operation.project_id, operation.resource_id, "available", only_from=busy)
    if operation.backup_id is not None:
        backups.move_family(conn, operation.project_id, operation.backup_id, to="error", updated_at=now)


def _frees_vault(conn: Connection, operation: OperationLog, now: datetime) -> None:
    if operation.vault_id is not None:
        vaults.update(conn, operation.project_id, operation.vault_id, status="error", updated_at=now)


JOB_TYPES: Mapping[str, JobType] = {
    operation_log.BACKUP: JobType(
        run=run_backup, compensate=compensate, cancellable=True, frees=_frees_resource
    ),
    operation_log.DELETE: JobType(
        run=run_delete, compensate=compensate_delete, cancellable=False, frees=_frees_resource
    ),
    operation_log.REMOVE_RESOURCE: JobType(
        run=run_remove_resource,
        compensate=compensate_remove_resource,
        cancellable=True,
        frees=_frees_resource,
    ),
    operation_log.VAULT_DELETE: JobType(
        run=run_vault_delete, compensate=compensate_vault_delete, cancellable=True, frees=_frees_vault
    ),
}
"""Operation type -> what carries it out."""
