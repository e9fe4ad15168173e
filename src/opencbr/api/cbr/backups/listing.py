"""ListBackups (contract 2, 3.3)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.backups.body import BackupBody, backup_body
from opencbr.api.cbr.filters import only_other_enterprise_projects, time_bound
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.paging import page_of
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import BackupFilter, OwnType
from opencbr.model.statuses import BackupStatus, MemberStatus


class ListBackupsBody(Struct):
    """A page of backups; `count` is the number of all that match."""

    backups: list[BackupBody]
    count: int
    limit: int
    offset: int


class ListBackupsQuery(PageQuery, kw_only=True):
    """The filters of ListBackups; exact, a repeated key means OR (contract 2)."""

    checkpoint_id: tuple[Text, ...] = ()
    vault_id: tuple[Text, ...] = ()
    parent_id: tuple[Text, ...] = ()
    name: tuple[Text, ...] = ()
    status: tuple[BackupStatus, ...] = ()
    image_type: tuple[Literal["backup", "replication"], ...] = ()
    resource_id: tuple[Text, ...] = ()
    resource_name: tuple[Text, ...] = ()
    resource_type: tuple[Text, ...] = ()
    resource_az: tuple[Text, ...] = ()
    enterprise_project_id: tuple[Text, ...] = ()
    own_type: OwnType = "private"
    member_status: MemberStatus | Literal["accept", "reject"] | None = None
    start_time: Annotated[str, Meta(max_length=64)] | None = None
    end_time: Annotated[str, Meta(max_length=64)] | None = None
    incremental: bool | None = None
    used_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    show_replication: bool = False
    dec: bool | None = None


def list_backups(request: Request[ListBackupsQuery, None]) -> ListBackupsBody:
    """Answer ListBackups."""
    query = request.query
    page = page_of(query)
    wanted = _filter(query)
    if _nothing_can_match(query):
        return ListBackupsBody([], 0, query.limit, query.offset)
    found = request.services.backups.list(request.ctx, wanted, page)
    return ListBackupsBody(
        [backup_body(backup) for backup in found.items], found.count, query.limit, query.offset
    )


def _filter(query: ListBackupsQuery) -> BackupFilter:
    return BackupFilter(
        checkpoint_ids=query.checkpoint_id,
        vault_ids=query.vault_id,
        parent_ids=query.parent_id,
        names=query.name,
        statuses=query.status,
        image_types=query.image_type,
        resource_ids=query.resource_id,
        resource_names=query.resource_name,
        resource_types=query.resource_type,
        resource_azs=query.resource_az,
        created_from=time_bound("start_time", query.start_time),
        created_to=time_bound("end_time", query.end_time),
        incremental=query.incremental,
        own_type=query.own_type,
        used_percent=query.used_percent,
    )


def _nothing_can_match(query: ListBackupsQuery) -> bool:
    """Say whether a filter asks for what does not exist here: invitations to shared backups, another enterprise project."""
    return query.member_status is not None or only_other_enterprise_projects(query.enterprise_project_id)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ListBackups"],
        handler=list_backups,
        right="cbr:backups:list",
        summary="List the project's backups",
    ),
)
