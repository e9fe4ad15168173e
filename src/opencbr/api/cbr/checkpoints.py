"""Chapter Checkpoint: CreateCheckpoint and ShowCheckpoint (contract 3.2)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.vault_bodies import WantedResource
from opencbr.api.errors import bad_parameter
from opencbr.api.route import Request, Route
from opencbr.api.schema import Description, Id, Name, Text
from opencbr.model.times import wire_time
from opencbr.model.vault import Usage
from opencbr.service.checkpoints import CheckpointSpec, CheckpointView


class Parameters(Struct, kw_only=True):
    """How to back up; no resources at all means all of the vault."""

    name: Name | None = None
    description: Description | None = None
    incremental: bool | None = None
    auto_trigger: bool | None = None
    resources: Annotated[list[Id], Meta(max_length=256)] | None = None
    resource_details: Annotated[list[WantedResource], Meta(max_length=256)] | None = None
    policy_id: Text | None = None
    retention_duration_days: Annotated[int, Meta(ge=-1, le=36500, description="days, -1 for ever")] | None = (
        None
    )


class NewCheckpoint(Struct):
    """The checkpoint of CreateCheckpoint."""

    vault_id: Id
    parameters: Parameters | None = None


class CreateCheckpointBody(Struct):
    """The request of CreateCheckpoint."""

    checkpoint: NewCheckpoint


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
    """What was asked for."""

    name: str
    description: str
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


def create_checkpoint(request: Request) -> ShowCheckpointBody:
    """Answer CreateCheckpoint: the backups are ordered, clients poll the checkpoint."""
    body: CreateCheckpointBody = request.body
    return _shown(request.services.checkpoints.create(request.ctx, _spec(body.checkpoint)))


def show_checkpoint(request: Request) -> ShowCheckpointBody:
    """Answer ShowCheckpoint."""
    return _shown(request.services.checkpoints.show(request.ctx, request.path["checkpoint_id"]))


def _spec(new: NewCheckpoint) -> CheckpointSpec:
    asked = new.parameters or Parameters()
    if asked.retention_duration_days == 0:
        raise bad_parameter("retention_duration_days: 0 days keep nothing; give 1 to 36500, or -1 for ever.")
    return CheckpointSpec(
        vault_id=new.vault_id,
        name=asked.name,
        description=asked.description or "",
        incremental=asked.incremental is not False,
        auto_trigger=bool(asked.auto_trigger),
        policy_id=asked.policy_id or None,
        retention_days=asked.retention_duration_days or -1,
        resource_ids=tuple(asked.resources or ()),
        details=tuple(one.wanted() for one in asked.resource_details or ()),
    )


def _shown(view: CheckpointView) -> ShowCheckpointBody:
    checkpoint = view.checkpoint
    resources = [
        CheckpointResource(
            id=one["id"],
            type=one["type"],
            name=one["name"],
            # Clients wait until it is available; one that left the vault has nothing more to wait for.
            protect_status=view.protect_status.get(one["id"], "available"),
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
                checkpoint.name, checkpoint.description, checkpoint.retention_days
            ),
        )
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/v3/{project_id}/checkpoints",
        operation="CreateCheckpoint",
        handler=create_checkpoint,
        right="cbr:vaults:backup",
        summary="Back up the resources of a vault",
        chapter="Checkpoint",
        body=CreateCheckpointBody,
        response=ShowCheckpointBody,
    ),
    Route(
        method="GET",
        path="/v3/{project_id}/checkpoints/{checkpoint_id}",
        operation="ShowCheckpoint",
        handler=show_checkpoint,
        right="cbr:vaults:get",
        summary="Show how far a checkpoint is",
        chapter="Checkpoint",
        response=ShowCheckpointBody,
    ),
)
