"""The restore plans that there are."""

from typing import Annotated

from msgspec import Meta, Struct, field

from opencbr.api.paging import page_of
from opencbr.api.plus.restore_plans.body import PlannedAs
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.restore_plan.listed import ListedPlan
from opencbr.model.times import wire_time


class RestorePlanSummary(Struct):
    """A plan as a list has it; ShowRestorePlan gives what it says."""

    id: Annotated[str, Meta(description="its id")]
    backup_id: Annotated[
        str | None, Meta(description="the backup that is to be restored, null of a checkpoint")
    ]
    checkpoint_id: Annotated[
        str | None, Meta(description="the checkpoint that is to be restored, null of one backup")
    ]
    as_: PlannedAs = field(name="as")
    status: Annotated[str, Meta(description="ready, incomplete or refused")]
    created_at: Annotated[str | None, Meta(description="when it was made")]
    expires_at: Annotated[str | None, Meta(description="until when it is kept")]
    job_id: Annotated[
        str | None, Meta(description="the operation log of the restore that carries it out just now")
    ]


class ListRestorePlansBody(Struct):
    """A page of plans; `count` is the number of all that match."""

    restore_plans: Annotated[list[RestorePlanSummary], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many plans match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListRestorePlansQuery(PageQuery, kw_only=True):
    """The filter of ListRestorePlans; exact, a repeated key means OR."""

    backup_id: Annotated[tuple[Text, ...], Meta(description="plans of this backup; repeated: of any")] = ()
    checkpoint_id: Annotated[
        tuple[Text, ...], Meta(description="plans of this whole checkpoint; repeated: of any")
    ] = ()


def list_restore_plans(request: Request[ListRestorePlansQuery, None]) -> ListRestorePlansBody:
    """Answer ListRestorePlans."""
    query = request.query
    plans, page = request.services.restore_plans, page_of(query)
    found = plans.list(request.ctx, query.backup_id, page, checkpoint_ids=query.checkpoint_id)
    return ListRestorePlansBody(
        [summary_of(one) for one in found.items], found.count, query.limit, query.offset
    )


def summary_of(plan: ListedPlan) -> RestorePlanSummary:
    """Write a plan as a list has it."""
    return RestorePlanSummary(
        id=plan.id,
        backup_id=plan.backup_id,
        checkpoint_id=plan.checkpoint_id,
        as_=plan.kind,  # type: ignore[arg-type]  # one of the words that the type names
        status=plan.status,
        created_at=wire_time(plan.created_at),
        expires_at=wire_time(plan.expires_at),
        job_id=plan.operation_log_id,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("ListRestorePlans", "GET", "/v3/{project_id}/restore-plans", "RestorePlan"),
        handler=list_restore_plans,
        right="cbr:backups:restore",
        summary="List the restore plans that are kept",
        description=(
            "Lists the project's restore plans that have not expired, newest first, without what they say: ShowRestorePlan "
            "gives that. This operation is opencbr's own."
        ),
    ),
)
