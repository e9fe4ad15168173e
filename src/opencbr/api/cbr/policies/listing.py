"""ListPolicies (contract 2)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.policies.body import PolicyBody, policy_body
from opencbr.api.cbr.policies.create import OperationType
from opencbr.api.paging import page_of
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import PolicyFilter
from opencbr.model.policy import BACKUP


class ListPoliciesBody(Struct):
    """A page of policies; `count` is the number of all that match."""

    policies: Annotated[list[PolicyBody], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many policies match in all")]


class ListPoliciesQuery(PageQuery, kw_only=True):
    """The filters of ListPolicies; exact, a repeated key means OR. The contract has no pages here; clients ask for them."""

    operation_type: Annotated[
        tuple[OperationType, ...],
        Meta(
            description="`backup`, which it is when left out, or `drill`, opencbr's own; `replication` matches nothing"
        ),
    ] = ()
    vault_id: Annotated[tuple[Text, ...], Meta(description="policies of this vault; repeated: of any")] = ()


def list_policies(request: Request[ListPoliciesQuery, None]) -> ListPoliciesBody:
    """Answer ListPolicies."""
    query = request.query
    # Clients of CBR know no policies of drills, and would take those of a vault for theirs.
    wanted = PolicyFilter(operation_types=query.operation_type or (BACKUP,), vault_ids=query.vault_id)
    found = request.services.policies.list(request.ctx, wanted, page_of(query))
    return ListPoliciesBody([policy_body(view) for view in found.items], found.count)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ListPolicies"],
        handler=list_policies,
        right="cbr:policies:list",
        summary="List the project's policies",
        description=(
            "Lists the project's policies, the newest first, each with the vaults that have it and the times at which it "
            "fires next. With `vault_id` it tells which policy a vault has. Policies of drills, opencbr's own, are listed only "
            "where `operation_type` drill is asked for."
        ),
    ),
)
