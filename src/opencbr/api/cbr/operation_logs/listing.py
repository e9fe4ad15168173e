"""ListOpLogs (contract 2, 3.8)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.filters import only_other_enterprise_projects, time_bound
from opencbr.api.cbr.operation_logs.body import OperationLogBody, operation_log_body
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.paging import page_of
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import OperationLogFilter
from opencbr.model.statuses import OperationStatus


class ListOpLogsBody(Struct):
    """A page of logs; `count` is the number of all that match."""

    operation_logs: Annotated[list[OperationLogBody], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many logs match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListOpLogsQuery(PageQuery, kw_only=True):
    """The filters of ListOpLogs; exact, a repeated key means OR. Operation types are an open set."""

    operation_type: Annotated[tuple[Text, ...], Meta(description="work of this type; repeated: of any")] = ()
    provider_id: Annotated[
        tuple[Text, ...], Meta(description="work on servers or on disks, by its provider id; repeated: any")
    ] = ()
    resource_id: Annotated[
        tuple[Text, ...], Meta(description="work on this server or disk; repeated: on any")
    ] = ()
    resource_name: Annotated[
        tuple[Text, ...], Meta(description="work on what was called exactly so; repeated: any")
    ] = ()
    status: Annotated[
        tuple[OperationStatus, ...], Meta(description="work in this status; repeated: in any")
    ] = ()
    vault_id: Annotated[tuple[Text, ...], Meta(description="work on this vault; repeated: on any")] = ()
    vault_name: Annotated[
        tuple[Text, ...], Meta(description="work on a vault that was called exactly so; repeated: any")
    ] = ()
    enterprise_project_id: Annotated[
        tuple[Text, ...],
        Meta(description="`0` or `all_granted_eps` for all; any other matches nothing"),
    ] = ()
    start_time: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="asked for at this time or later, as 2018-02-01T12:00:00Z"),
    ] = None
    end_time: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="asked for at this time or earlier, as 2018-02-01T12:00:00Z"),
    ] = None


def list_op_logs(request: Request[ListOpLogsQuery, None]) -> ListOpLogsBody:
    """Answer ListOpLogs."""
    query = request.query
    page = page_of(query)
    wanted = OperationLogFilter(
        operation_types=query.operation_type,
        provider_ids=query.provider_id,
        resource_ids=query.resource_id,
        resource_names=query.resource_name,
        statuses=query.status,
        vault_ids=query.vault_id,
        vault_names=query.vault_name,
        created_from=time_bound("start_time", query.start_time),
        created_to=time_bound("end_time", query.end_time),
    )
    if only_other_enterprise_projects(query.enterprise_project_id):
        return ListOpLogsBody([], 0, query.limit, query.offset)
    found = request.services.operation_logs.list(request.ctx, wanted, page)
    return ListOpLogsBody(
        [operation_log_body(log) for log in found.items], found.count, query.limit, query.offset
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ListOpLogs"],
        handler=list_op_logs,
        right="cbr:tasks:list",
        summary="List what was asked and how far it is",
        description=(
            "Lists the work that was asked for, newest first: backups, deletions, removals, one log for each "
            "resource and request. It tells how far each is, and why one failed."
        ),
    ),
)
