"""A policy as clients see it (contract 3.7)."""

from datetime import UTC
from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.policies.definition import OperationDefinition
from opencbr.api.cbr.policies.trigger import Trigger, TriggerProperties
from opencbr.model.times import wire_time
from opencbr.service.policies import PolicyView


class AssociatedVault(Struct):
    """A vault that has the policy."""

    vault_id: Annotated[str, Meta(description="id of the vault")]
    destination_vault_id: Annotated[str | None, Meta(description="always null here: of replication")] = None


class PolicyBody(Struct, kw_only=True):
    """A policy; `next_runs` is opencbr's own."""

    id: Annotated[str, Meta(description="id of the policy")]
    name: Annotated[str, Meta(description="name of the policy; need not be unique")]
    enabled: Annotated[bool, Meta(description="whether it makes backups by itself")]
    operation_type: Annotated[str, Meta(description="`backup`, or opencbr's own `drill`")]
    operation_definition: Annotated[
        OperationDefinition, Meta(description="how long its backups are kept, as it was sent")
    ]
    trigger: Annotated[Trigger, Meta(description="when it fires")]
    associated_vaults: Annotated[
        list[AssociatedVault] | None,
        Meta(description="the vaults that have it; null in the answer of CreatePolicy"),
    ]
    policy_type: Annotated[str, Meta(description="always `custom_policy`")] = "custom_policy"
    next_runs: Annotated[
        list[str],
        Meta(
            description="opencbr's own: the next five times at which it fires, UTC; none while it is disabled"
        ),
    ]


class ShowPolicyBody(Struct):
    """The envelope of one policy."""

    policy: Annotated[PolicyBody, Meta(description="the policy")]


def policy_body(view: PolicyView, *, new: bool = False) -> PolicyBody:
    """Write a policy for the wire; of a new one the contract answers no list of vaults."""
    policy = view.policy
    properties = TriggerProperties(
        pattern=[*policy.patterns],
        start_time=policy.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        start_window_minutes=policy.start_window_minutes,
        time_zone=policy.time_zone,
    )
    return PolicyBody(
        id=policy.id,
        name=policy.name,
        enabled=policy.enabled,
        operation_type=policy.operation_type,
        operation_definition=OperationDefinition(**policy.definition),
        trigger=Trigger(id=policy.trigger_id, properties=properties),
        associated_vaults=None if new else [AssociatedVault(vault_id) for vault_id in view.vault_ids],
        next_runs=[text for run in view.next_runs if (text := wire_time(run))],
    )
