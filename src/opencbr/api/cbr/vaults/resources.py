"""AddVaultResource and RemoveVaultResource: what is bound to a vault (contract 5.1)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.wanted import WantedResource
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id


class AddResourcesBody(Struct):
    """The request of AddVaultResource."""

    resources: Annotated[list[WantedResource], Meta(min_length=1, max_length=256)]


class AddedResourcesBody(Struct):
    """What was bound."""

    add_resource_ids: list[str]


class RemoveResourcesBody(Struct):
    """The request of RemoveVaultResource."""

    resource_ids: Annotated[list[Id], Meta(min_length=1, max_length=256)]


class RemovedResourcesBody(Struct):
    """What is being removed; a resource is gone when the vault no longer lists it."""

    remove_resource_ids: list[str]


def add_resources(request: Request[None, AddResourcesBody]) -> AddedResourcesBody:
    """Answer AddVaultResource."""
    wanted = [one.wanted() for one in request.body.resources]
    return AddedResourcesBody(
        [*request.services.vaults.add_resources(request.ctx, request.path["vault_id"], wanted)]
    )


def remove_resources(request: Request[None, RemoveResourcesBody]) -> RemovedResourcesBody:
    """Answer RemoveVaultResource."""
    ids = request.services.vaults.remove_resources(
        request.ctx, request.path["vault_id"], request.body.resource_ids
    )
    return RemovedResourcesBody([*ids])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["AddVaultResource"],
        handler=add_resources,
        right="cbr:vaults:addResources",
        summary="Bind servers or disks to a vault",
        upstream=True,
    ),
    Route(
        operation=OPERATIONS["RemoveVaultResource"],
        handler=remove_resources,
        right="cbr:vaults:removeResources",
        summary="Request the removal of resources with their backups in this vault",
    ),
)
