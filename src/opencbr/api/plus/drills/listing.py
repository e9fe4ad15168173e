"""The drills of a project."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.paging import page_of
from opencbr.api.plus.drills.body import DrillRow, row_of
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import DrillFilter


class ListDrillsBody(Struct):
    """A page of drills; `count` is the number of all that match."""

    drills: Annotated[list[DrillRow], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many drills match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListDrillsQuery(PageQuery, kw_only=True):
    """The filters of ListDrills; exact, a repeated key means OR."""

    backup_id: Annotated[tuple[Text, ...], Meta(description="drills of this backup; repeated: of any")] = ()
    resource_id: Annotated[tuple[Text, ...], Meta(description="drills of this server; repeated: of any")] = ()
    policy_id: Annotated[
        tuple[Text, ...],
        Meta(description="drills that this policy has fired, as long as its runs are kept; repeated: any"),
    ] = ()
    verdict: Annotated[tuple[Text, ...], Meta(description="drills with this verdict; repeated: any")] = ()


def list_drills(request: Request[ListDrillsQuery, None]) -> ListDrillsBody:
    """Answer ListDrills."""
    query = request.query
    wanted = DrillFilter(
        backup_ids=query.backup_id,
        resource_ids=query.resource_id,
        policy_ids=query.policy_id,
        verdicts=query.verdict,
    )
    found = request.services.drills.list(request.ctx, wanted, page_of(query))
    return ListDrillsBody([row_of(one) for one in found.items], found.count, query.limit, query.offset)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("ListDrills", "GET", "/v3/{project_id}/drills", "Drill"),
        handler=list_drills,
        right="cbr:drills:list",
        summary="List the drills, newest first",
        description=(
            "Lists the project's drills, also those of backups that were deleted since, without what was found: ShowDrill "
            "gives that. This operation is opencbr's own."
        ),
    ),
)
