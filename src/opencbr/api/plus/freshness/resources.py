"""ListResourceFreshness: what is bound, the longest unprotected first."""

from dataclasses import replace
from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.paging import page_of
from opencbr.api.plus.freshness.body import FreshnessRow, freshness_row
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import FreshnessFilter
from opencbr.model.times import wire_time


class ListResourceFreshnessBody(Struct):
    """A page of bound resources; `count` is the number of all that match."""

    resources: Annotated[list[FreshnessRow], Meta(description="the rows of this page")]
    counted_at: Annotated[
        str | None, Meta(description="the time that ages are counted to, UTC without a zone")
    ]
    count: Annotated[int, Meta(description="how many resources match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListResourceFreshnessQuery(PageQuery, kw_only=True):
    """The filters of ListResourceFreshness; exact, a repeated key means OR."""

    vault_id: Annotated[
        tuple[Text, ...], Meta(description="what is bound to this vault; repeated: to any")
    ] = ()
    resource_id: Annotated[tuple[Text, ...], Meta(description="this server or disk; repeated: any")] = ()
    resource_type: Annotated[tuple[Text, ...], Meta(description="of this type; repeated: of any")] = ()
    has_backup: Annotated[
        bool | None, Meta(description="only what has a finished backup, or only what has none")
    ] = None
    last_run: Annotated[
        tuple[Text, ...],
        Meta(description="whose last run has ended so: success, failed, missed or skipped; repeated: any"),
    ] = ()
    sort: Annotated[
        Annotated[str, Meta(max_length=255)] | None,
        Meta(
            description="`key:asc` or `key:desc`, several with commas between; by default `unprotected_since:asc`, the longest "
            "unprotected first"
        ),
    ] = None


def list_resource_freshness(
    request: Request[ListResourceFreshnessQuery, None],
) -> ListResourceFreshnessBody:
    """Answer ListResourceFreshness."""
    query, page = request.query, page_of(request.query)
    if query.sort is None:
        page = replace(page, sort=(("unprotected_since", "asc"),))
    wanted = FreshnessFilter(
        ids=query.resource_id,
        vault_ids=query.vault_id,
        types=query.resource_type,
        last_runs=query.last_run,
        has_backup=query.has_backup,
    )
    now = request.ctx.now
    found = request.services.freshness.resources(request.ctx, wanted, page)
    rows = [freshness_row(one, now) for one in found.items]
    return ListResourceFreshnessBody(rows, wire_time(now), found.count, query.limit, query.offset)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "ListResourceFreshness", "GET", "/v3/{project_id}/freshness/resources", "Freshness"
        ),
        handler=list_resource_freshness,
        right="cbr:freshness:list",
        summary="List how fresh each bound resource is, the longest unprotected first",
        description=(
            "Lists the servers and disks that are bound to vaults, with the age of the newest complete and of the newest "
            "restore-tested backup of each, and how many runs of its policy were missed or late. This operation is "
            "opencbr's own."
        ),
    ),
)
