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

    operation_logs: list[OperationLogBody]
    count: int
    limit: int
    offset: int


class ListOpLogsQuery(PageQuery, kw_only=True):
    """The filters of ListOpLogs; exact, a repeated key means OR. Operation types are an open set."""

    operation_type: tuple[Text, ...] = ()
    provider_id: tuple[Text, ...] = ()
    resource_id: tuple[Text, ...] = ()
    resource_name: tuple[Text, ...] = ()
    status: tuple[OperationStatus, ...] = ()
    vault_id: tuple[Text, ...] = ()
    vault_name: tuple[Text, ...] = ()
    enterprise_project_id: tuple[Text, ...] = ()
    start_time: Annotated[str, Meta(max_length=64)] | None = None
    end_time: Annotated[str, Meta(max_length=64)] | None = None


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
    ),
)
