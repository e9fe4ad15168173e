"""ShowStorageUsage: what the backups of each resource take (contract 3.11)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id, Text
from opencbr.model.lists import Page, StorageUsageFilter


class ShowStorageUsageQuery(Struct, kw_only=True):
    """The filters of ShowStorageUsage; exact, a repeated key means OR."""

    resource_id: Annotated[
        tuple[Text, ...], Meta(description="the resource of this id; repeated: any of them")
    ] = ()
    resource_type: Annotated[
        tuple[Text, ...],
        Meta(description="resources of this type, as in a backup's `resource_type`; repeated: of any"),
    ] = ()
    limit: Annotated[int, Meta(ge=1, le=1000, description="rows of a page at most")] = 1000
    offset: Annotated[
        int,
        Meta(
            ge=0, le=2**31 - 1, description="rows to leave out, counted from `marker` or from the beginning"
        ),
    ] = 0
    marker: Annotated[
        Id | None, Meta(description="the id of the last resource that was read: the page begins behind it")
    ] = None


class StorageUsageRow(Struct, kw_only=True):
    """A resource and its backups: sizes in MiB, like `billing.used` of a vault (contract D23)."""

    resource_id: Annotated[str, Meta(description="id of the server or disk")]
    resource_name: Annotated[str, Meta(description="its name when it was last backed up")]
    resource_type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    backup_count: Annotated[int, Meta(description="how many backups it has")]
    backup_size: Annotated[int, Meta(description="MiB that they hold")]
    backup_size_multiaz: Annotated[
        int, Meta(description="always 0 here: no backup lies in several zones")
    ] = 0


class ShowStorageUsageBody(Struct):
    """A page of resources; `resource_count` is the number of all that match."""

    resource_count: Annotated[int, Meta(description="how many resources match in all")]
    storage_usage: Annotated[list[StorageUsageRow], Meta(description="the rows of this page")]


def show_storage_usage(request: Request[ShowStorageUsageQuery, None]) -> ShowStorageUsageBody:
    """Answer ShowStorageUsage."""
    query = request.query
    found = request.services.storage_usage.list(
        request.ctx,
        StorageUsageFilter(resource_ids=query.resource_id, resource_types=query.resource_type),
        Page(limit=query.limit, offset=query.offset, marker=query.marker),
    )
    rows = [
        StorageUsageRow(
            resource_id=one.resource_id,
            resource_name=one.resource_name,
            resource_type=one.resource_type,
            backup_count=one.backup_count,
            backup_size=one.used_mb,
        )
        for one in found.items
    ]
    return ShowStorageUsageBody(found.count, rows)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowStorageUsage"],
        handler=show_storage_usage,
        right="cbr:backups:list",
        summary="Show what the backups of each resource use",
        description=(
            "Lists the servers and disks of the project that have backups, by their ids, with the number of their "
            "backups and what these hold in MiB. A resource is listed as long as it has a backup, also when it is "
            "gone from the cloud."
        ),
    ),
)
