"""A checkpoint as clients see it (contract 3.2)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.model import statuses
from opencbr.model.times import wire_time
from opencbr.model.vault import Usage
from opencbr.service.checkpoints import CheckpointView


class CheckpointResource(Struct, kw_only=True):
    """A resource of the checkpoint. Sizes and counts are strings here and integers in vaults (trap T5)."""

    id: Annotated[str, Meta(description="id of the server or disk")]
    type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    name: Annotated[str, Meta(description="its name when the backup was asked for")]
    protect_status: Annotated[
        str,
        Meta(
            description="how it stands in the vault now: `available`, `protecting`, `restoring`, `removing` or `error`"
        ),
    ]
    resource_size: Annotated[str, Meta(description="GiB that the backup covers, as a text")]
    backup_size: Annotated[str, Meta(description="MiB that its backups hold in all, as a text")]
    backup_count: Annotated[str, Meta(description="how many backups it has, as a text")]
    extra_info: Annotated[str | None, Meta(description="always null here")]


class SkippedResource(Struct):
    """A resource that could not be backed up when it was asked for."""

    id: Annotated[str, Meta(description="id of the server or disk")]
    type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    name: Annotated[str, Meta(description="its name")]
    code: Annotated[str, Meta(description="why, as a whole code of the catalogue")]
    reason: Annotated[str, Meta(description="why, as a sentence")]


class CheckpointVault(Struct):
    """The vault of a checkpoint."""

    id: Annotated[str, Meta(description="id of the vault")]
    name: Annotated[str, Meta(description="name of the vault")]
    provider_id: Annotated[str, Meta(description="says whether the vault is for servers or disks")]
    resources: Annotated[list[CheckpointResource], Meta(description="what the checkpoint backs up")]
    skipped_resources: Annotated[
        list[SkippedResource], Meta(description="what could not be backed up when it was asked for, and why")
    ]


class CheckpointExtraInfo(Struct):
    """What was asked for; an empty description is null (contract 0.3)."""

    name: Annotated[str, Meta(description="name of the checkpoint and its backups")]
    description: Annotated[str | None, Meta(description="its description")]
    retention_duration: Annotated[int, Meta(description="days until it expires; -1: never")]


class CheckpointBody(Struct):
    """A checkpoint as clients see it."""

    id: Annotated[str, Meta(description="id of the checkpoint")]
    project_id: Annotated[str, Meta(description="the project that has it")]
    status: Annotated[
        str,
        Meta(
            description="`protecting` while a backup runs, then `available` with a good one, else `error`; `deleting`"
        ),
    ]
    created_at: Annotated[str | None, Meta(description="when it was asked for, UTC without a zone")]
    vault: Annotated[CheckpointVault, Meta(description="the vault, what is backed up and what is not")]
    extra_info: Annotated[CheckpointExtraInfo, Meta(description="what was asked for")]


class ShowCheckpointBody(Struct):
    """The envelope of one checkpoint."""

    checkpoint: Annotated[CheckpointBody, Meta(description="the checkpoint")]


def show_checkpoint_body(view: CheckpointView) -> ShowCheckpointBody:
    """Write a checkpoint for the wire, in its envelope."""
    checkpoint = view.checkpoint
    resources = [
        CheckpointResource(
            id=one["id"],
            type=one["type"],
            name=one["name"],
            # Clients wait until it is available; one that left the vault has nothing more to wait for.
            protect_status=view.protect_status.get(one["id"], statuses.AVAILABLE),
            resource_size=str(one["size_gb"]),
            backup_size=str(view.usage.get(one["id"], Usage()).used_mb),
            backup_count=str(view.usage.get(one["id"], Usage()).backup_count),
            extra_info=None,
        )
        for one in checkpoint.resources
    ]
    skipped = [SkippedResource(s.id, s.type, s.name, s.code, s.reason) for s in checkpoint.skipped]
    return ShowCheckpointBody(
        CheckpointBody(
            id=checkpoint.id,
            project_id=checkpoint.project_id,
            status=view.status,
            created_at=wire_time(checkpoint.created_at),
            vault=CheckpointVault(view.vault.id, view.vault.name, view.vault.provider_id, resources, skipped),
            extra_info=CheckpointExtraInfo(
                checkpoint.name, checkpoint.description or None, checkpoint.retention_days
            ),
        )
    )
