"""The runs of a policy."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.paging import page_of
from opencbr.api.plus.policy_runs.body import PolicyRunRow, run_row
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.errors import NO_SUCH_POLICY
from opencbr.model.lists import PolicyRunFilter


class ListPolicyRunsBody(Struct):
    """A page of runs; `count` is the number of all that match."""

    runs: Annotated[list[PolicyRunRow], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many runs match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListPolicyRunsQuery(PageQuery, kw_only=True):
    """The filters of ListPolicyRuns; exact, a repeated key means OR."""

    status: Annotated[tuple[Text, ...], Meta(description="runs with this status; repeated: any")] = ()
    vault_id: Annotated[tuple[Text, ...], Meta(description="runs in this vault; repeated: any")] = ()
    resource_id: Annotated[tuple[Text, ...], Meta(description="runs of this resource; repeated: of any")] = ()
    late: Annotated[bool | None, Meta(description="only those that are run late, or only the others")] = None


def list_policy_runs(request: Request[ListPolicyRunsQuery, None]) -> ListPolicyRunsBody:
    """Answer ListPolicyRuns."""
    query = request.query
    wanted = PolicyRunFilter(
        statuses=query.status, vault_ids=query.vault_id, resource_ids=query.resource_id, late=query.late
    )
    found = request.services.policy_runs.list(request.ctx, request.path["policy_id"], wanted, page_of(query))
    return ListPolicyRunsBody([run_row(one) for one in found.items], found.count, query.limit, query.offset)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "ListPolicyRuns", "GET", "/v3/{project_id}/policies/{policy_id}/runs", "PolicyRun"
        ),
        handler=list_policy_runs,
        right="cbr:policies:listRuns",
        summary="List the runs of a policy, newest first",
        description=(
            "Lists what has come of each time that the policy was due, for each resource: also the runs that were missed, are "
            "late, or were not to be run, with the reason. Runs are kept as long as operation logs. This operation is "
            "opencbr's own."
        ),
        errors=(NO_SUCH_POLICY,),
    ),
)
