"""ShowPolicy, UpdatePolicy and DeletePolicy (contract 3.7, 5.6)."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.policies.body import ShowPolicyBody, policy_body
from opencbr.api.cbr.policies.create import OperationType
from opencbr.api.cbr.policies.definition import WantedDefinition
from opencbr.api.cbr.policies.trigger import ChangedTrigger
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Name
from opencbr.model.errors import NO_SUCH_POLICY, VAULT_UNCHANGEABLE


class ChangedPolicy(Struct, kw_only=True):
    """What UpdatePolicy can change; what is left out or null stays."""

    name: Annotated[
        Name | None, Meta(description="1 to 64 letters, digits, underscores, hyphens or CJK ideographs")
    ] = None
    enabled: Annotated[bool | None, Meta(description="whether it fires")] = None
    operation_type: Annotated[
        OperationType | None, Meta(description="as it is: the type of a policy never changes")
    ] = None
    operation_definition: Annotated[
        WantedDefinition | None,
        Meta(description="how long backups are kept, replaced as a whole; it holds for older backups too"),
    ] = None
    trigger: Annotated[ChangedTrigger | None, Meta(description="when it fires")] = None


class UpdatePolicyBody(Struct):
    """The request of UpdatePolicy."""

    policy: Annotated[ChangedPolicy, Meta(description="what to change")]


def show_policy(request: Request[None, None]) -> ShowPolicyBody:
    """Answer ShowPolicy."""
    return ShowPolicyBody(policy_body(request.services.policies.show(request.ctx, request.path["policy_id"])))


def update_policy(request: Request[None, UpdatePolicyBody]) -> ShowPolicyBody:
    """Answer UpdatePolicy."""
    changes = _changes(request.body.policy)
    return ShowPolicyBody(
        policy_body(request.services.policies.update(request.ctx, request.path["policy_id"], changes))
    )


def delete_policy(request: Request[None, None]) -> None:
    """Answer DeletePolicy."""
    request.services.policies.delete(request.ctx, request.path["policy_id"])


def _changes(changed: ChangedPolicy) -> dict[str, Any]:
    given = {name: getattr(changed, name) for name in ("name", "enabled", "operation_type")}
    changes = {name: value for name, value in given.items() if value is not None}
    if changed.operation_definition is not None:
        changes["definition"] = changed.operation_definition.wanted()
    if changed.trigger is not None:
        properties = changed.trigger.properties
        if properties.pattern is not None:
            changes["patterns"] = tuple(properties.pattern)
        for name in ("start_window_minutes", "time_zone"):
            if getattr(properties, name) is not UNSET:
                changes[name] = getattr(properties, name)
    return changes


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowPolicy"],
        handler=show_policy,
        right="cbr:policies:get",
        summary="Show a policy and the vaults that have it",
        description=(
            "Shows one policy with its patterns as they were sent, how long its backups are kept, the vaults that have it "
            "and the times at which it fires next."
        ),
        errors=(NO_SUCH_POLICY,),
    ),
    Route(
        operation=OPERATIONS["UpdatePolicy"],
        handler=update_policy,
        right="cbr:policies:update",
        summary="Change a policy's times, its retention or its name",
        description=(
            "Changes a policy; what is left out stays as it is, and `operation_definition` is replaced as a whole. No backup "
            "is made because of the change: the policy goes on with the first of its new times. What it keeps cannot become "
            "less while a locked vault has it."
        ),
        errors=(NO_SUCH_POLICY, VAULT_UNCHANGEABLE),
    ),
    Route(
        operation=OPERATIONS["DeletePolicy"],
        handler=delete_policy,
        right="cbr:policies:delete",
        summary="Delete a policy; its backups stay",
        description=(
            "Deletes a policy and takes it from the vaults that have it. The backups that it has made stay, and nothing "
            "removes them by itself any more. A policy stays while a locked vault has it."
        ),
        errors=(NO_SUCH_POLICY, VAULT_UNCHANGEABLE),
    ),
)
