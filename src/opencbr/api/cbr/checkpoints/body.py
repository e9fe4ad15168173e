"""A checkpoint as clients see it (contract 3.2)."""

from msgspec import Struct

from opencbr.model import statuses
from opencbr.model.times import wire_time
from opencbr.model.vault import Usage
from opencbr.service.checkpoints import CheckpointView


class CheckpointResource(Struct, kw_only=True):
    """A resource of the checkpoint. Sizes and counts are strings here and integers in vaults (trap T5)."""

    id: str
    type: str
    name: str
    protect_status: str
    resource_size: str
    backup_size: str
    backup_count: str
    extra_info: str | None


class SkippedResource(Struct):
    """A resource that could not be backed up when it was asked for."""

    id: str
    type: str
    name: str
    code: str
    reason: str


class CheckpointVault(Struct):
    """The vault of a checkpoint."""

    id: str
    name: str
    provider_id: str
    resources: list[CheckpointResource]
    skipped_resources: list[SkippedResource]


class CheckpointExtraInfo(Struct):
    """What was asked for; an empty description is null (contract 0.3)."""

    name: str
    description: str | None
    retention_duration: int


class CheckpointBody(Struct):
    """A checkpoint as clients see it."""

    id: str
    project_id: str
    status: str
    created_at: str | None
    vault: CheckpointVault
    extra_info: CheckpointExtraInfo


class ShowCheckpointBody(Struct):
    """The envelope of one checkpoint."""

    checkpoint: CheckpointBody


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
