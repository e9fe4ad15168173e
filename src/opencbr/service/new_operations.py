"""New operations: the one place where an operation log is made. A worker finds it and does the work."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from opencbr.model import operation_log as logs
from opencbr.model import statuses
from opencbr.model.backup import Backup
from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import with_request
from opencbr.model.restore_plan.outcome import Overwrite
from opencbr.model.vault import VAULT, Resource, Vault
from opencbr.model.way_back import UndoRequest, with_undo
from opencbr.service.context import Context
from opencbr.store import operation_logs


def request_backup(
    conn: Connection,
    ctx: Context,
    vault: Vault,
    backup: Backup,
    policy_id: str | None = None,
    *,
    full_backup_interval: int | None = None,
    firing: str | None = None,
) -> OperationLog:
    """Ask for the backup that `backup`, a row already, stands for.

    `policy_id` is the one that a user named. `full_backup_interval`: no chain of it is longer, -1 and 0 for any length; the
    worker's own setting counts where it is left out. `firing` is the same for all backups of a policy that are due at one time.
    """
    details = {
        "backup_id": backup.id,
        "backup_name": backup.name,
        "app_consistency_error_code": "0",
        "app_consistency_error_message": "",
        "app_consistency_status": "0",
    }
    about = _about_backup(backup, vault.name)
    told = {logs.FULL_INTERVAL: full_backup_interval, logs.FIRING: firing}
    if parameters := {key: value for key, value in told.items() if value is not None}:
        about["parameters"] = parameters
    return _enter(conn, ctx, logs.BACKUP, details, policy_id, **about)


def request_deletion(conn: Connection, ctx: Context, backup: Backup, vault_name: str | None) -> OperationLog:
    """Ask for the deletion of a backup with its disks."""
    details = {"backup_id": backup.id, "backup_name": backup.name}
    return _enter(conn, ctx, logs.DELETE, details, **_about_backup(backup, vault_name))


def request_restore(
    conn: Connection,
    ctx: Context,
    backup: Backup,
    vault_name: str | None,
    target: Overwrite,
    *,
    plan_id: str | None = None,
) -> OperationLog:
    """Ask for a restore of a backup to a server or disk, by a plan where one is named."""
    details = {
        "backup_id": backup.id,
        "backup_name": backup.name,
        "target_resource_id": target.target_id,
        "target_resource_name": target.target_name,
    }
    parameters = with_request(target.request)
    if plan_id is not None:
        details["restore_plan_id"] = parameters["plan_id"] = plan_id
    about = _about_backup(backup, vault_name) | {"parameters": parameters}
    return _enter(conn, ctx, logs.RESTORE, details, **about)


def request_undo(conn: Connection, ctx: Context, restore: OperationLog, request: UndoRequest) -> OperationLog:
    """Ask for a restore in place to be undone."""
    about = (
        *("project_id", "provider_id", "vault_id", "vault_name", "checkpoint_id", "backup_id", "backup_name"),
        *("resource_id", "resource_name", "resource_type"),
    )
    told = {name: value for name, value in restore.details.items() if name in _ABOUT_RESTORE}
    return _enter(
        conn,
        ctx,
        logs.RESTORE_UNDO,
        told | {"restore_job_id": restore.id},
        parameters=with_undo(request),
        **{name: getattr(restore, name) for name in about},
    )


def request_planned(
    conn: Connection,
    ctx: Context,
    backup: Backup,
    vault_name: str | None,
    *,
    operation_type: str,
    plan_id: str,
    name: str,
    project_id: str,
) -> OperationLog:
    """Ask for a restore by a plan, which makes something of this name in that project."""
    details = {
        "backup_id": backup.id,
        "backup_name": backup.name,
        "target_resource_id": "",
        "target_resource_name": name,
        "target_project_id": project_id,
        "restore_plan_id": plan_id,
    }
    about = _about_backup(backup, vault_name) | {"parameters": {"plan_id": plan_id}}
    return _enter(conn, ctx, operation_type, details, **about)


def request_checkpoint_restore(
    conn: Connection,
    ctx: Context,
    backups: Sequence[Backup],
    vault_name: str | None,
    *,
    plan_id: str,
    project_id: str,
) -> OperationLog:
    """Ask for a restore of these backups of one checkpoint by one plan, which makes all of it in that project."""
    about = _about_backup(backups[0], vault_name)
    of_one = ("backup_id", "backup_name", "resource_id", "resource_name", "resource_type")
    about |= dict.fromkeys(of_one)
    about["parameters"] = {"plan_id": plan_id, "backup_ids": [one.id for one in backups]}
    details = {
        "checkpoint_id": backups[0].checkpoint_id,
        "target_project_id": project_id,
        "restore_plan_id": plan_id,
        logs.RESOURCES: [
            {
                "backup_id": one.id,
                "resource_id": one.resource_id,
                "resource_name": one.resource_name,
                "resource_type": one.resource_type,
                "target_resource_id": "",
            }
            for one in backups
        ],
    }
    return _enter(conn, ctx, logs.RESTORE_CHECKPOINT, details, **about)


def request_drill(conn: Connection, ctx: Context, backup: Backup, vault_name: str | None) -> OperationLog:
    """Ask for a drill of a server's backup; its plan gets an id now, so that whoever carries it out finds it again."""
    details = {"backup_id": backup.id, "backup_name": backup.name}
    about = _about_backup(backup, vault_name) | {"parameters": {"plan_id": new_id(ctx.now)}}
    return _enter(conn, ctx, logs.DRILL, details, **about)


def request_removal(conn: Connection, ctx: Context, vault: Vault, resource: Resource) -> OperationLog:
    """Ask for a resource to leave its vault, with the backups it has there."""
    about = {"resource_id": resource.id, "resource_name": resource.name, "resource_type": resource.type}
    return _enter(conn, ctx, logs.REMOVE_RESOURCE, dict(_COUNTERS), **_about_vault(vault), **about)


def request_vault_deletion(conn: Connection, ctx: Context, vault: Vault) -> OperationLog:
    """Ask for the end of a vault with all that is in it."""
    about = {"resource_id": vault.id, "resource_name": vault.name, "resource_type": VAULT}
    return _enter(conn, ctx, logs.VAULT_DELETE, dict(_COUNTERS), **_about_vault(vault), **about)


def note_migration(
    conn: Connection, ctx: Context, source: Vault, destination: Vault, resource: Resource
) -> OperationLog:
    """Note that a resource has moved to another vault with its backups: that is done, and no job's."""
    about = {"resource_id": resource.id, "resource_name": resource.name, "resource_type": resource.type}
    details = {
        "source_vault_id": source.id,
        "source_vault_name": source.name,
        "destination_vault_id": destination.id,
        "destination_vault_name": destination.name,
    }
    done = _done(ctx)
    return _enter(conn, ctx, logs.MIGRATE_RESOURCES, details, **_about_vault(source), **about, **done)


def note_expiry(conn: Connection, ctx: Context, vault: Vault, *, count: int, day: date) -> OperationLog:
    """Note that so many backups of a vault have been given a day to expire on: that is done, and no job's."""
    about = {"resource_id": vault.id, "resource_name": vault.name, "resource_type": VAULT}
    details = {"affected_backups_count": count, "expiration_day": day.isoformat()}
    done = _done(ctx)
    return _enter(conn, ctx, logs.UPDATE_EXPIRATION_TIME, details, **_about_vault(vault), **about, **done)


_ABOUT_RESTORE = frozenset({"backup_id", "backup_name", "target_resource_id", "target_resource_name"})
"""Details of a restore that its undoing has too."""
_COUNTERS = {"fail_count": 0, "total_count": 0, "fail_delete_count": 0, "total_delete_count": 0}
"""Two counters under the two names that clients read (trap T19)."""


def _done(ctx: Context) -> dict[str, Any]:
    return {"status": statuses.SUCCESS, "progress": 100, "started_at": ctx.now, "ended_at": ctx.now}


def _about_vault(vault: Vault) -> dict[str, Any]:
    return {
        "project_id": vault.project_id,
        "provider_id": vault.provider_id,
        "vault_id": vault.id,
        "vault_name": vault.name,
    }


def _about_backup(backup: Backup, vault_name: str | None) -> dict[str, Any]:
    return {
        "project_id": backup.project_id,
        "provider_id": backup.provider_id,
        "vault_id": backup.vault_id,
        "vault_name": vault_name,
        "checkpoint_id": backup.checkpoint_id,
        "backup_id": backup.id,
        "backup_name": backup.name,
        "resource_id": backup.resource_id,
        "resource_name": backup.resource_name,
        "resource_type": backup.resource_type,
    }


def _enter(
    conn: Connection,
    ctx: Context,
    operation_type: str,
    details: dict[str, Any],
    policy_id: str | None = None,
    **about: Any,
) -> OperationLog:
    log = OperationLog(
        id=new_id(ctx.now),
        operation_type=operation_type,
        user_id=ctx.actor.user_id,
        policy_id=policy_id or ctx.actor.policy_id,
        request_id=ctx.request_id,
        details=details,
        created_at=ctx.now,
        updated_at=ctx.now,
        **about,
    )
    operation_logs.insert(conn, log)
    return log
