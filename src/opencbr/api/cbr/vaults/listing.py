"""ListVault and ShowSummary (contract 2, 3.11)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.filters import only_other_enterprise_projects
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.body import VaultBody, vault_body
from opencbr.api.paging import page_of
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.lists import VaultFilter

_Ids = Annotated[str, Meta(max_length=16_384)]


class ListVaultBody(Struct):
    """A page of vaults; `count` is the number of all that match."""

    vaults: list[VaultBody]
    count: int
    limit: int
    offset: int


class ListVaultQuery(PageQuery, kw_only=True):
    """The filters of ListVault; exact, a repeated key means OR. `resource_ids`, or `resources_ids`, may have commas."""

    id: tuple[Text, ...] = ()
    name: tuple[Text, ...] = ()
    status: tuple[Text, ...] = ()
    cloud_type: tuple[Text, ...] = ()
    protect_type: tuple[Text, ...] = ()
    object_type: tuple[Text, ...] = ()
    enterprise_project_id: tuple[Text, ...] = ()
    policy_id: tuple[Text, ...] = ()
    resource_ids: tuple[_Ids, ...] = ()
    resources_ids: tuple[_Ids, ...] = ()


class SummaryBody(Struct):
    """The project's capacity and use in GB; bare, without an envelope (trap T28)."""

    size: int
    used_size: int


def list_vaults(request: Request[ListVaultQuery, None]) -> ListVaultBody:
    """Answer ListVault."""
    query = request.query
    page = page_of(query)
    if _nothing_can_match(query):
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
        resource_ids=tuple(
            one.strip()
            for text in query.resource_ids + query.resources_ids
            for one in text.split(",")
            if one.strip()
        ),
    )


def _nothing_can_match(query: ListVaultQuery) -> bool:
    """Say whether a filter asks for what does not exist here: policies, another enterprise project."""
    return bool(query.policy_id) or only_other_enterprise_projects(query.enterprise_project_id)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ListVault"],
        handler=list_vaults,
        right="cbr:vaults:list",
        summary="List the project's vaults",
    ),
    Route(
        operation=OPERATIONS["ShowSummary"],
        handler=show_summary,
        right="cbr:vaults:list",
        summary="Show the capacity of all vaults and what is used of it",
    ),
)
