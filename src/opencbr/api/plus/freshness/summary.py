"""ShowFreshness and ListVaultFreshness: the numbers of a project and of each of its vaults."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.paging import page_of
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import PageQuery, Text
from opencbr.model.freshness import FreshnessSummary, VaultFreshness, age_seconds
from opencbr.model.lists import VaultFilter
from opencbr.model.times import wire_time


class FreshnessNumbers(Struct, kw_only=True):
    """What is bound, in numbers."""

    resources: Annotated[int, Meta(description="how many servers and disks are bound")]
    without_backup: Annotated[int, Meta(description="how many of them have no finished backup")]
    last_run_failed: Annotated[
        int, Meta(description="of how many the last run of their vault's policy has failed")
    ]
    oldest_unprotected_since: Annotated[
        str | None,
        Meta(
            description="the earliest `unprotected_since` of them all, UTC without a zone; null without any"
        ),
    ]
    oldest_unprotected_seconds: Annotated[
        int | None, Meta(description="whole seconds since then: the oldest unprotected age; null without any")
    ]


class ShownFreshness(FreshnessNumbers, kw_only=True):
    """The numbers of a project."""

    counted_at: Annotated[
        str | None, Meta(description="the time that ages are counted to, UTC without a zone")
    ]


class FreshnessBody(Struct):
    """The envelope of a project's numbers."""

    freshness: Annotated[ShownFreshness, Meta(description="all that is bound in the project")]


class VaultFreshnessRow(FreshnessNumbers, kw_only=True):
    """The numbers of one vault."""

    id: Annotated[str, Meta(description="the vault")]
    name: Annotated[str, Meta(description="its name")]


class ListVaultFreshnessBody(Struct):
    """A page of vaults; `count` is the number of all that match."""

    vaults: Annotated[list[VaultFreshnessRow], Meta(description="the rows of this page")]
    counted_at: Annotated[
        str | None, Meta(description="the time that ages are counted to, UTC without a zone")
    ]
    count: Annotated[int, Meta(description="how many vaults match in all")]
    limit: Annotated[int, Meta(description="the limit that was asked for")]
    offset: Annotated[int, Meta(description="the offset that was asked for")]


class ListVaultFreshnessQuery(PageQuery, kw_only=True):
    """The filters of ListVaultFreshness; exact, a repeated key means OR."""

    vault_id: Annotated[tuple[Text, ...], Meta(description="the vault of this id; repeated: any")] = ()
    name: Annotated[tuple[Text, ...], Meta(description="vaults of exactly this name; repeated: of any")] = ()


def show_freshness(request: Request[None, None]) -> FreshnessBody:
    """Answer ShowFreshness."""
    return freshness_body(request.services.freshness.show(request.ctx), request.ctx.now)


def list_vault_freshness(request: Request[ListVaultFreshnessQuery, None]) -> ListVaultFreshnessBody:
    """Answer ListVaultFreshness."""
    query, now = request.query, request.ctx.now
    wanted = VaultFilter(ids=query.vault_id, names=query.name)
    found = request.services.freshness.vaults(request.ctx, wanted, page_of(query))
    rows = [vault_row(one, now) for one in found.items]
    return ListVaultFreshnessBody(rows, wire_time(now), found.count, query.limit, query.offset)


def freshness_body(summary: FreshnessSummary, now: datetime) -> FreshnessBody:
    """Write the numbers of a project, ages as they are `now`."""
    return FreshnessBody(ShownFreshness(**_numbers(summary, now), counted_at=wire_time(now)))


def vault_row(one: VaultFreshness, now: datetime) -> VaultFreshnessRow:
    """Write the numbers of a vault, ages as they are `now`."""
    return VaultFreshnessRow(id=one.vault_id, name=one.vault_name, **_numbers(one.summary, now))


def _numbers(summary: FreshnessSummary, now: datetime) -> dict[str, Any]:
    since = summary.unprotected_since
    return {
        "resources": summary.resources,
        "without_backup": summary.without_backup,
        "last_run_failed": summary.last_run_failed,
        "oldest_unprotected_since": wire_time(since),
        "oldest_unprotected_seconds": None if since is None else age_seconds(since, now),
    }


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("ShowFreshness", "GET", "/v3/{project_id}/freshness", "Freshness"),
        handler=show_freshness,
        right="cbr:freshness:list",
        summary="Show how fresh a project's backups are, in numbers",
        description=(
            "Counts what is bound to vaults, how much of it has no backup, and how often the last run of a policy has failed, "
            "and tells the oldest unprotected age: the greatest age of a resource's newest complete backup. This operation is "
            "opencbr's own."
        ),
    ),
    Route(
        operation=Operation("ListVaultFreshness", "GET", "/v3/{project_id}/freshness/vaults", "Freshness"),
        handler=list_vault_freshness,
        right="cbr:freshness:list",
        summary="List how fresh the backups in each vault are, in numbers",
        description=(
            "Lists the vaults in the order of ListVault, each with its oldest unprotected age and the numbers that "
            "ShowFreshness gives of the project. This operation is opencbr's own."
        ),
    ),
)
