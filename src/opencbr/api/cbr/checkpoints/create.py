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
from opencbr.model.errors import (
    BEING_BACKED_UP,
    NO_SUCH_POLICY,
    NOT_ATTACHED,
    NOT_IN_VAULT,
    NOTHING_TO_BACK_UP,
)
from opencbr.service.new_checkpoint import CheckpointSpec


class Parameters(Struct, kw_only=True):
    """How to back up; no resources at all means all of the vault."""

    name: Annotated[
        Name | None, Meta(description="name of the backups; by default `manualbk_` and four characters")
    ] = None
    description: Annotated[Description | None, Meta(description="description of the backups")] = None
    incremental: Annotated[
        bool | None,
        Meta(description="false asks for full backups; the first backup of a resource is full all the same"),
    ] = None
    auto_trigger: Annotated[
        bool | None, Meta(description="true says that no person asked: the backups count as automatic ones")
    ] = None
    resources: Annotated[
        Annotated[list[Id], Meta(max_length=256)] | None,
        Meta(description="ids of resources of the vault; none: all of them, or those of `resource_details`"),
    ] = None
    resource_details: Annotated[
        Annotated[list[WantedResource], Meta(max_length=256)] | None,
        Meta(description="resources of the vault, each with the disks to take this once"),
    ] = None
    policy_id: Annotated[
        Text | None, Meta(description="the policy behind an automatic run; noted in the operation log")
    ] = None
    retention_duration_days: Annotated[
        Annotated[int, Meta(ge=-1, le=36500, description="days, -1 for ever")] | None,
        Meta(
            description="days after which the backups are deleted by themselves, -1 or left out: never; refused with "
            "`auto_trigger`: what is automatic is the policy's"
        ),
    ] = None


class NewCheckpoint(Struct):
    """The checkpoint of CreateCheckpoint."""

    vault_id: Annotated[Id, Meta(description="the vault to back up")]
    parameters: Annotated[
        Parameters | None, Meta(description="how to back up; left out: everything, incrementally")
    ] = None


class CreateCheckpointBody(Struct):
    """The request of CreateCheckpoint."""

    checkpoint: Annotated[NewCheckpoint, Meta(description="what to back up, and how")]


def create_checkpoint(request: Request[None, CreateCheckpointBody]) -> ShowCheckpointBody:
    """Answer CreateCheckpoint: the backups are requested, clients poll the checkpoint."""
    return show_checkpoint_body(
        request.services.checkpoints.create(request.ctx, _spec(request.body.checkpoint))
    )


def _spec(new: NewCheckpoint) -> CheckpointSpec:
    asked = new.parameters or Parameters()
    if asked.retention_duration_days == 0:
        raise bad_parameter("retention_duration_days: give 1 day at least, or -1 for ever.")
    if asked.auto_trigger and (asked.retention_duration_days or -1) > 0:
        raise bad_parameter(
            "retention_duration_days: it is for backups that a person asks for; leave it out, or auto_trigger."
        )
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


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["CreateCheckpoint"],
        handler=create_checkpoint,
        right="cbr:vaults:backup",
        summary="Back up the resources of a vault",
        description=(
            "Backs up the resources of a vault, or some of them: all disks of a server in one moment, and with "
            "them the documents that describe it. The answer comes at once, workers do the rest; ask "
            "ShowCheckpoint until its status is no longer `protecting`. What cannot be backed up now stands in "
            "`skipped_resources` with the reason."
        ),
        errors=(
            NOTHING_TO_BACK_UP,
            BEING_BACKED_UP,
            "6102",
            "6104",
            "6105",
            NO_SUCH_POLICY,
            "6113",
            "6114",
            NOT_IN_VAULT,
            NOT_ATTACHED,
        ),
        upstream=True,
    ),
)
