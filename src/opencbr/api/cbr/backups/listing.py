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

    backups: Annotated[list[BackupBody], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many backups match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListBackupsQuery(PageQuery, kw_only=True):
    """The filters of ListBackups; exact, a repeated key means OR (contract 2)."""

    checkpoint_id: Annotated[
        tuple[Text, ...], Meta(description="backups of this checkpoint; repeated: of any")
    ] = ()
    vault_id: Annotated[tuple[Text, ...], Meta(description="backups in this vault; repeated: in any")] = ()
    parent_id: Annotated[
        tuple[Text, ...],
        Meta(description="the disks of this server backup, which are listed only so; repeated: of any"),
    ] = ()
    name: Annotated[tuple[Text, ...], Meta(description="backups of exactly this name; repeated: of any")] = ()
    status: Annotated[
        tuple[BackupStatus, ...], Meta(description="backups in this status; repeated: in any")
    ] = ()
    image_type: Annotated[
        tuple[Literal["backup", "replication"], ...],
        Meta(description="`backup`: made here; `replication`: come from elsewhere; repeated: any"),
    ] = ()
    resource_id: Annotated[
        tuple[Text, ...], Meta(description="backups of this server or disk; repeated: of any")
    ] = ()
    resource_name: Annotated[
        tuple[Text, ...],
        Meta(description="backups of servers or disks that were called exactly so; repeated: any"),
    ] = ()
    resource_type: Annotated[
        tuple[Text, ...], Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`; repeated: any")
    ] = ()
    resource_az: Annotated[
        tuple[Text, ...], Meta(description="backups of what lay in this availability zone; repeated: in any")
    ] = ()
    enterprise_project_id: Annotated[
        tuple[Text, ...],
        Meta(description="`0` or `all_granted_eps` for all; any other matches nothing"),
    ] = ()
    own_type: Annotated[
        OwnType,
        Meta(
            description="`private`: the project's own; `shared`: others' that it has accepted; `all_granted`: both"
        ),
    ] = "private"
    member_status: Annotated[
        MemberStatus | Literal["accept", "reject"] | None,
        Meta(description="invitations to shared backups; there are none here, so any value matches nothing"),
    ] = None
    start_time: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="created at this time or later, as 2018-02-01T12:00:00Z"),
    ] = None
    end_time: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="created at this time or earlier, as 2018-02-01T12:00:00Z"),
    ] = None
    incremental: Annotated[
        bool | None, Meta(description="backups that were asked for as incremental (true) or full (false)")
    ] = None
    used_percent: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        Meta(description="backups in vaults of which at least so many per cent are used"),
    ] = None
    show_replication: Annotated[
        bool, Meta(description="accepted; there are no replicas here, so it changes nothing")
    ] = False
    dec: Annotated[
        bool | None, Meta(description="accepted and not used: dedicated clouds are the vendor's")
    ] = None


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
        description=(
            "Lists the project's backups, newest first: one row for each server or disk that was backed up. The "
            "disks of a server's backup are rows only when `parent_id` asks for them. Filters are exact, and a "
            "repeated one means any of its values."
        ),
    ),
)
