"""AssociateVaultPolicy and DisassociateVaultPolicy: which policy a vault has (contract 3.1, 5.1)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.errors import bad_parameter
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id, Text
from opencbr.model.errors import NO_SUCH_POLICY, UNFIT_POLICY, VAULT_UNCHANGEABLE


class AssociatePolicyBody(Struct, kw_only=True):
    """The request of AssociateVaultPolicy: one policy, by either member."""

    policy_id: Annotated[Id | None, Meta(description="id of the policy")] = None
    add_policy_ids: Annotated[
        Annotated[list[Id], Meta(max_length=10)] | None,
        Meta(description="the same as a list; it has one entry"),
    ] = None
    destination_vault_id: Annotated[
        Text | None, Meta(description="of replication, which is not offered: leave it out")
    ] = None


class DissociatePolicyBody(Struct):
    """The request of DisassociateVaultPolicy."""

    policy_id: Annotated[Id, Meta(description="id of the policy that the vault has")]


class VaultPolicy(Struct):
    """Which vault and which policy."""

    policy_id: Annotated[str, Meta(description="id of the policy")]
    vault_id: Annotated[str, Meta(description="id of the vault")]
    destination_vault_id: Annotated[str | None, Meta(description="always null here: of replication")] = None


class AssociatedPolicyBody(Struct):
    """What the vault has now."""

    associate_policy: Annotated[VaultPolicy, Meta(description="the vault and its policy")]


class DissociatedPolicyBody(Struct):
    """What the vault has no more."""

    dissociate_policy: Annotated[VaultPolicy, Meta(description="the vault and the policy that it had")]


def associate_policy(request: Request[None, AssociatePolicyBody]) -> AssociatedPolicyBody:
    """Answer AssociateVaultPolicy."""
    policy_id, vault_id = _one_policy(request.body), request.path["vault_id"]
    request.services.policies.associate(request.ctx, vault_id, policy_id)
    return AssociatedPolicyBody(VaultPolicy(policy_id, vault_id))


def dissociate_policy(request: Request[None, DissociatePolicyBody]) -> DissociatedPolicyBody:
    """Answer DisassociateVaultPolicy."""
    policy_id, vault_id = request.body.policy_id, request.path["vault_id"]
    request.services.policies.dissociate(request.ctx, vault_id, policy_id)
    return DissociatedPolicyBody(VaultPolicy(policy_id, vault_id))


def _one_policy(body: AssociatePolicyBody) -> str:
    if body.destination_vault_id:
        raise bad_parameter(
            "destination_vault_id: it is for replication, which is not offered here: leave it out."
        )
    named: set[str] = {one for one in (body.policy_id, *(body.add_policy_ids or ())) if one is not None}
    if len(named) != 1:
        raise bad_parameter(
            f"policy_id: a vault has one policy, and the request names {len(named)}: name one."
        )
    return named.pop()


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["AssociateVaultPolicy"],
        handler=associate_policy,
        right="cbr:vaults:associatePolicy",
        summary="Give a vault a policy",
        description=(
            "Gives a vault a policy, in place of the one of its `operation_type` that it has; the same one again changes "
            "nothing. What the vault holds is backed up from the policy's next time on, not at once. A locked vault keeps the "
            "policy of backups that it has."
        ),
        errors=("6105", NO_SUCH_POLICY, UNFIT_POLICY, "6136", VAULT_UNCHANGEABLE),
    ),
    Route(
        operation=OPERATIONS["DisassociateVaultPolicy"],
        handler=dissociate_policy,
        right="cbr:vaults:dissociatePolicy",
        summary="Take a policy from a vault",
        description=(
            "Takes from a vault the policy that it has: nothing is backed up or removed there by itself any more, and its "
            "backups stay. A locked vault keeps its policy."
        ),
        errors=("6105", NO_SUCH_POLICY, "6002", VAULT_UNCHANGEABLE),
    ),
)
