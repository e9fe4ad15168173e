"""ListVault and ShowSummary (contract 2, 3.11)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.filters import only_other_enterprise_projects
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.body import VaultBody, vault_body
from opencbr.api.cbr.vaults.settings import CloudType, ObjectType, ProtectType
from opencbr.api.paging import page_of
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import VaultFilter
from opencbr.model.statuses import VaultStatus

_Ids = Annotated[str, Meta(max_length=16_384)]


class ListVaultBody(Struct):
    """A page of vaults; `count` is the number of all that match."""

    vaults: Annotated[list[VaultBody], Meta(description="the rows of this page")]
    count: Annotated[int, Meta(description="how many vaults match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListVaultQuery(PageQuery, kw_only=True):
    """The filters of ListVault; exact, a repeated key means OR. `resource_ids`, or `resources_ids`, may have commas."""

    id: Annotated[tuple[Text, ...], Meta(description="the vault of this id; repeated: any")] = ()
    name: Annotated[tuple[Text, ...], Meta(description="vaults of exactly this name; repeated: of any")] = ()
    status: Annotated[
        tuple[VaultStatus, ...],
        Meta(description="vaults in this status, as in `billing.status`; repeated: in any"),
    ] = ()
    cloud_type: Annotated[
        tuple[CloudType, ...], Meta(description="as it was asked for at creation; repeated: any")
    ] = ()
    protect_type: Annotated[
        tuple[ProtectType, ...], Meta(description="`backup`; the other one matches nothing")
    ] = ()
    object_type: Annotated[
        tuple[ObjectType, ...],
        Meta(description="what the vaults take, here `server` or `disk`; repeated: any"),
    ] = ()
    enterprise_project_id: Annotated[
        tuple[Text, ...],
        Meta(description="`0` or `all_granted_eps` for all; any other matches nothing"),
    ] = ()
    policy_id: Annotated[
        tuple[Text, ...],
        Meta(description="vaults that have this policy; repeated: any"),
    ] = ()
    resource_ids: Annotated[
        tuple[_Ids, ...],
        Meta(description="vaults that hold any of these resources: ids, separated by commas"),
    ] = ()
    resources_ids: Annotated[
        tuple[_Ids, ...], Meta(description="another spelling of `resource_ids`, which some clients use")
    ] = ()


class SummaryBody(Struct):
    """The project's capacity and use in GiB; bare, without an envelope (trap T28)."""

    size: Annotated[int, Meta(description="GiB that all vaults may hold")]
    used_size: Annotated[int, Meta(description="GiB that their backups hold; a begun GiB counts")]


def list_vaults(request: Request[ListVaultQuery, None]) -> ListVaultBody:
    """Answer ListVault."""
    query = request.query
    page = page_of(query)
    if only_other_enterprise_projects(query.enterprise_project_id):
        return ListVaultBody([], 0, query.limit, query.offset)
    found = request.services.vaults.list(request.ctx, _filter(query), page)
    return ListVaultBody([vault_body(v) for v in found.items], found.count, query.limit, query.offset)


def show_summary(request: Request[None, None]) -> SummaryBody:
    """Answer ShowSummary."""
    return SummaryBody(*request.services.vaults.summary(request.ctx))


def _filter(query: ListVaultQuery) -> VaultFilter:
    return VaultFilter(
        ids=query.id,
        names=query.name,
        statuses=query.status,
        object_types=query.object_type,
        protect_types=query.protect_type,
        cloud_types=query.cloud_type,
        policy_ids=query.policy_id,
        resource_ids=tuple(
            one.strip()
            for text in query.resource_ids + query.resources_ids
            for one in text.split(",")
            if one.strip()
        ),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ListVault"],
        handler=list_vaults,
        right="cbr:vaults:list",
        summary="List the project's vaults",
        description=(
            "Lists the project's vaults with their size, what is used of it, and what is bound to them. Filters "
            "are exact, and a repeated one means any of its values; the newest vault comes first. `count` tells "
            "how many match, whatever the page holds."
        ),
    ),
    Route(
        operation=OPERATIONS["ShowSummary"],
        handler=show_summary,
        right="cbr:vaults:list",
        summary="Show the capacity of all vaults and what is used of it",
        description=(
            "Adds up the size of all vaults of the project and what their backups hold, in GiB. The answer is "
            "bare, without an envelope."
        ),
    ),
)
