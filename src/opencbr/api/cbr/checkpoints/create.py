"""CreateCheckpoint (contract 3.2)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.checkpoints.body import ShowCheckpointBody, show_checkpoint_body
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.wanted import WantedResource
from opencbr.api.errors import bad_parameter
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Description, Id, Name, Text
from opencbr.service.new_checkpoint import CheckpointSpec


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


def create_checkpoint(request: Request[None, CreateCheckpointBody]) -> ShowCheckpointBody:
    """Answer CreateCheckpoint: the backups are requested, clients poll the checkpoint."""
    return show_checkpoint_body(
        request.services.checkpoints.create(request.ctx, _spec(request.body.checkpoint))
    )


def _spec(new: NewCheckpoint) -> CheckpointSpec:
    asked = new.parameters or Parameters()
    if asked.retention_duration_days not in {None, -1}:
        raise bad_parameter(
            "retention_duration_days: backups do not expire by themselves here; leave it out, or give -1 for ever."
        )
    return CheckpointSpec(
        vault_id=new.vault_id,
        name=asked.name,
        description=asked.description or "",
        incremental=asked.incremental is not False,
        auto_trigger=bool(asked.auto_trigger),
        policy_id=asked.policy_id or None,
        resource_ids=tuple(asked.resources or ()),
        details=tuple(one.wanted() for one in asked.resource_details or ()),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["CreateCheckpoint"],
        handler=create_checkpoint,
        right="cbr:vaults:backup",
        summary="Back up the resources of a vault",
        upstream=True,
    ),
)
