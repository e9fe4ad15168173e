"""The rows that a checkpoint begins with: its own, and a waiting backup for each resource."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from opencbr.model.backup import Backup
from opencbr.model.checkpoint import Checkpoint, Skipped
from opencbr.model.document import Disk
from opencbr.model.extend_info import disk_info, server_info
from opencbr.model.ids import new_id
from opencbr.model.vault import SERVER, Vault
from opencbr.service.backup_targets import BackupTarget
from opencbr.service.context import Context
from opencbr.service.resources import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSpec:
    """What a client asks for. No resources means all of the vault."""

    vault_id: str
    name: str | None = None
    description: str = ""
    incremental: bool = True
    auto_trigger: bool = False
    policy_id: str | None = None
    full_backup_interval: int | None = None  # every so manieth one is full; -1, 0: none but the first
    firing: str | None = None  # the same for all that a policy backs up at one of its times
    retention_days: int = -1  # days after which the backups expire; -1: never
    resource_ids: Sequence[str] = ()
    details: Sequence[Wanted] = ()


def new_checkpoint(
    ctx: Context,
    spec: CheckpointSpec,
    vault: Vault,
    taken: Sequence[BackupTarget],
    skipped: Sequence[Skipped],
) -> Checkpoint:
    """Make the checkpoint of the resources in `taken`."""
    return Checkpoint(
        id=new_id(ctx.now),
        project_id=ctx.project_id,
        vault_id=vault.id,
        user_id=ctx.actor.user_id,
        name=spec.name or _default_name(spec, vault),
        description=spec.description,
        incremental=spec.incremental,
        auto_trigger=spec.auto_trigger,
        retention_days=spec.retention_days,
        resources=tuple(
            {
                "id": one.resource.id,
                "type": one.resource.type,
                "name": one.name,
                "size_gb": one.size_gb,
                "exclude_volumes": list(one.exclude_volumes),
                "include_volumes": list(one.include_volumes),
            }
            for one in taken
        ),
        skipped=tuple(skipped),
        created_at=ctx.now,
    )


def _default_name(spec: CheckpointSpec, vault: Vault) -> str:
    """Make a name ending in four hex digits; the vault's prefix is for automatic backups (contract 3.1)."""
    tail = secrets.token_hex(2)
    if not spec.auto_trigger:
        return f"manualbk_{tail}"
    return f"{vault.backup_name_prefix}_autobk_{tail}" if vault.backup_name_prefix else f"autobk_{tail}"


def new_backup(spec: CheckpointSpec, checkpoint: Checkpoint, vault: Vault, one: BackupTarget) -> Backup:
    """Make the waiting backup of one resource of a checkpoint."""
    now = checkpoint.created_at
    backup = Backup(
        id=new_id(now),
        project_id=checkpoint.project_id,
        checkpoint_id=checkpoint.id,
        vault_id=vault.id,
        provider_id=vault.provider_id,
        name=checkpoint.name,
        description=checkpoint.description,
        resource_id=one.resource.id,
        resource_name=one.name,
        resource_type=one.resource.type,
        resource_size=one.size_gb,
        resource_az=one.availability_zone,
        incremental=spec.incremental,
        extend_info={"auto_trigger": spec.auto_trigger},
        enterprise_project_id=vault.enterprise_project_id,
        created_at=now,
        updated_at=now,
        expired_at=None if spec.retention_days < 0 else now + timedelta(days=spec.retention_days),
    )
    return _with_extend_info(backup, one)


def _with_extend_info(backup: Backup, one: BackupTarget) -> Backup:
    """Give a waiting backup all its keys (contract 3.3); the job's reading corrects the values."""
    if backup.resource_type == SERVER:
        return replace(backup, extend_info=server_info(backup, ()))
    disk = Disk(
        volume_id=one.resource.id,
        position=0,
        size_gb=one.size_gb,
        name=one.name,
        device=None,
        bootable=one.bootable,
        encrypted=one.encrypted,
        availability_zone=one.availability_zone,
    )
    return replace(backup, extend_info=disk_info(backup, disk, child=False))
