"""CreatePolicy (contract 3.7)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.policies.body import ShowPolicyBody, policy_body
from opencbr.api.cbr.policies.definition import WantedDefinition
from opencbr.api.cbr.policies.trigger import NewTrigger
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Name
from opencbr.service.policies import PolicySpec

OperationType = Literal["backup", "replication", "drill"]


class NewPolicy(Struct, kw_only=True):
    """The policy of CreatePolicy."""

    name: Annotated[
        Name,
        Meta(
            description="1 to 64 letters, digits, underscores, hyphens or CJK ideographs; need not be unique"
        ),
    ]
    operation_type: Annotated[
        OperationType, Meta(description="`backup`, or opencbr's own `drill`; `replication` is not offered")
    ]
    operation_definition: Annotated[
        WantedDefinition, Meta(description="how long backups are kept; `{}` keeps them for ever")
    ]
    trigger: Annotated[NewTrigger, Meta(description="when it fires")]
    enabled: Annotated[bool | None, Meta(description="whether it fires; true where it is left out")] = None


class CreatePolicyBody(Struct):
    """The request of CreatePolicy."""

    policy: Annotated[NewPolicy, Meta(description="the policy to make")]


def create_policy(request: Request[None, CreatePolicyBody]) -> ShowPolicyBody:
    """Answer CreatePolicy."""
    new = request.body.policy
    properties = new.trigger.properties
    spec = PolicySpec(
        name=new.name,
        operation_type=new.operation_type,
        patterns=tuple(properties.pattern),
        enabled=new.enabled is not False,
        time_zone=properties.time_zone,
        start_window_minutes=properties.start_window_minutes,
        definition=new.operation_definition.wanted(),
    )
    return ShowPolicyBody(policy_body(request.services.policies.create(request.ctx, spec), new=True))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["CreatePolicy"],
        handler=create_policy,
        right="cbr:policies:create",
        summary="Make a policy for backups",
        description=(
            "Makes a policy: at which times the vaults that have it are backed up, and how long those backups are kept. "
            "AssociateVaultPolicy gives it to a vault, as does `backup_policy_id` of CreateVault. Nothing is backed up "
            "before the first of its times, which `next_runs` tells. With `operation_type` drill, opencbr's own, it tries at "
            "its times whether the newest backups of some servers of each vault can be restored."
        ),
        errors=("6001", "6117"),
    ),
)
