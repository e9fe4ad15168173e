"""An operation log as clients see it (contract 3.8)."""

from dataclasses import replace
from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.model.errors import wire_code
from opencbr.model.operation_log import (
    BACKUP,
    BYTES,
    DELETE,
    REMOVE_RESOURCE,
    RESTORE,
    RESTORE_CHECKPOINT,
    RESTORE_NEW_SERVER,
    RESTORE_NEW_VOLUME,
    RESTORE_UNDO,
    VAULT_DELETE,
    OperationLog,
)
from opencbr.model.times import wire_time

_COUNTERS = ("fail_count", "total_count")


class ErrorInfo(Struct):
    """How the work failed; both are empty when it did not. `code` is a full `BackupService.NNNN`."""

    code: Annotated[str, Meta(description="a whole code of the catalogue")]
    message: Annotated[str, Meta(description="what went wrong, as a sentence")]


class OperationLogBody(Struct, kw_only=True):
    """An operation log as clients see it. `step` is ours: what the work does at the moment."""

    id: Annotated[str, Meta(description="id of the log, and of the work")]
    operation_type: Annotated[
        str,
        Meta(
            description="`backup`, `restore`, `delete`, `remove_resource`, `vault_delete` and others; newer servers have more"
        ),
    ]
    status: Annotated[
        str, Meta(description="`waiting`, `running`, then `success`, `failed`, `timeout` or `skipped`")
    ]
    project_id: Annotated[str, Meta(description="the project that has it")]
    provider_id: Annotated[str | None, Meta(description="says whether it is about servers or disks")]
    vault_id: Annotated[str | None, Meta(description="the vault that it is about")]
    vault_name: Annotated[str | None, Meta(description="the vault's name at that time")]
    checkpoint_id: Annotated[str | None, Meta(description="the checkpoint that it belongs to")]
    policy_id: Annotated[str | None, Meta(description="the policy behind an automatic run")]
    created_at: Annotated[str | None, Meta(description="when it was asked for, UTC without a zone")]
    started_at: Annotated[
        str | None,
        Meta(description="when a worker began, UTC without a zone; until then when it was asked for"),
    ]
    updated_at: Annotated[str | None, Meta(description="when it last changed, UTC without a zone")]
    ended_at: Annotated[str | None, Meta(description="when it ended, UTC without a zone; null until then")]
    step: Annotated[str, Meta(description="the last step that is done; only this server has it")]
    error_info: Annotated[ErrorInfo, Meta(description="how it failed; two empty texts when it did not")]
    extra_info: Annotated[
        dict[str, Any],
        Meta(
            description="`common` with the progress in per cent and, while disks are copied, in `bytes`; `resource`; and "
            "details under the operation type's name"
        ),
    ]


def operation_log_body(log: OperationLog) -> OperationLogBody:
    """Write a log for the wire."""
    return OperationLogBody(
        id=log.id,
        operation_type=log.operation_type,
        status=log.status,
        project_id=log.project_id,
        provider_id=log.provider_id,
        vault_id=log.vault_id,
        vault_name=log.vault_name,
        checkpoint_id=log.checkpoint_id,
        policy_id=log.policy_id,
        created_at=wire_time(log.created_at),
        # Clients take it for a string always (contract 3.8): what waits has begun to wait.
        started_at=wire_time(log.started_at or log.created_at),
        updated_at=wire_time(log.updated_at),
        ended_at=wire_time(log.ended_at),
        step=log.step,
        error_info=ErrorInfo(wire_code(log.error_code) if log.error_code else "", log.error_message),
        extra_info=_extra_info(log),
    )


def _extra_info(log: OperationLog) -> dict[str, Any]:
    common = {"progress": log.progress, "request_id": log.request_id, "task_id": log.id}
    # Ours, beside the progress whatever the work is.
    told = {BYTES: log.details[BYTES]} if BYTES in log.details else {}
    log = replace(log, details={name: value for name, value in log.details.items() if name != BYTES})
    info: dict[str, Any] = {
        "common": common | told,
        "resource": {
            "id": log.resource_id or log.vault_id or "",
            "name": log.resource_name or log.vault_name or "",
            "type": log.resource_type or "",
            "extra_info": {},
        },
    }
    write = _DETAILS.get(log.operation_type, _details)
    info[_KEYS.get(log.operation_type, log.operation_type)] = write(log)
    return info


def _details(log: OperationLog) -> dict[str, Any]:
    return dict(log.details)


def _of_backup(log: OperationLog) -> dict[str, Any]:
    info = {
        "backup_id": log.backup_id or "",
        "backup_name": log.backup_name,
        "app_consistency_status": "0",
        "app_consistency_error_code": "0",
        "app_consistency_error_message": "",
    } | log.details
    # Sources disagree about its type (contract D18), so no client can want it.
    info.pop("incremental", None)
    return info


def _of_deletion(log: OperationLog) -> dict[str, Any]:
    return {"backup_id": log.backup_id or "", "backup_name": log.backup_name or ""} | log.details


def _of_restore(log: OperationLog) -> dict[str, Any]:
    target = {"target_resource_id": log.resource_id or "", "target_resource_name": log.resource_name or ""}
    return _of_deletion(log) | target | log.details


def _counters(log: OperationLog) -> dict[str, Any]:
    """Give the counters under the names of both families of clients (trap T19)."""
    fail, total = (int(log.details.get(name) or 0) for name in _COUNTERS)
    named = {"fail_count": fail, "total_count": total, "fail_delete_count": fail, "total_delete_count": total}
    return log.details | named


_DETAILS = {
    BACKUP: _of_backup,
    DELETE: _of_deletion,
    RESTORE: _of_restore,
    RESTORE_NEW_SERVER: _of_restore,
    RESTORE_NEW_VOLUME: _of_restore,
    RESTORE_UNDO: _of_restore,
    REMOVE_RESOURCE: _counters,
    VAULT_DELETE: _counters,
}
"""Operation type -> how its details are written, where that is not as they are."""
_KEYS = {
    REMOVE_RESOURCE: "remove_resources",
    RESTORE_NEW_SERVER: "restore",
    RESTORE_NEW_VOLUME: "restore",
    RESTORE_CHECKPOINT: "restore",
    RESTORE_UNDO: "restore",
}
"""Operation type -> the name its details go under, where that is another."""
