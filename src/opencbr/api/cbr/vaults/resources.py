"""AddVaultResource, RemoveVaultResource and SetVaultResource: what is bound to a vault (contract 3.1, 5.1)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.wanted import BINDING_ERRORS, WantedResource
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id
from opencbr.model.errors import BEING_REMOVED, NOT_IN_VAULT, RESOURCE_BUSY, VAULT_STATUS, VAULT_UNCHANGEABLE


class AddResourcesBody(Struct):
    """The request of AddVaultResource."""

    resources: Annotated[
        list[WantedResource],
        Meta(min_length=1, max_length=256, description="servers or disks to bind, all or none"),
    ]


class AddedResourcesBody(Struct):
    """What was bound."""

    add_resource_ids: Annotated[list[str], Meta(description="the ids of what was bound")]


class RemoveResourcesBody(Struct):
    """The request of RemoveVaultResource."""

    resource_ids: Annotated[
        list[Id],
        Meta(min_length=1, max_length=256, description="ids of resources of this vault, all or none"),
    ]


class RemovedResourcesBody(Struct):
    """What is being removed; a resource is gone when the vault no longer lists it."""

    remove_resource_ids: Annotated[list[str], Meta(description="the ids of what is being removed")]


class SetResourcesBody(Struct):
    """The request of SetVaultResource."""

    resource_ids: Annotated[
        list[Id],
        Meta(min_length=1, max_length=256, description="ids of resources of this vault, all or none"),
    ]
    action: Annotated[
        Literal["suspend", "unsuspend"],
        Meta(description="`suspend`: automatic backups leave them out; `unsuspend`: they take them again"),
    ]


class ResourcesSetBody(Struct):
    """What was suspended or let in again."""

    set_resource_ids: Annotated[list[str], Meta(description="the ids of what was set")]


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


def set_resources(request: Request[None, SetResourcesBody]) -> ResourcesSetBody:
    """Answer SetVaultResource."""
    ids = request.services.vault_resources.suspend(
        request.ctx,
        request.path["vault_id"],
        request.body.resource_ids,
        suspended=request.body.action == "suspend",
    )
    return ResourcesSetBody([*ids])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["AddVaultResource"],
        handler=add_resources,
        right="cbr:vaults:addResources",
        summary="Bind servers or disks to a vault",
        description=(
            "Binds servers or disks to a vault, all of them or none. For a server that the vault has already, "
            "the request replaces the choice of its volumes. Nothing is backed up yet: CreateCheckpoint does "
            "that."
        ),
        errors=(*BINDING_ERRORS, "6100", "6105", "6108", BEING_REMOVED),
        upstream=True,
    ),
    Route(
        operation=OPERATIONS["RemoveVaultResource"],
        handler=remove_resources,
        right="cbr:vaults:removeResources",
        summary="Request the removal of resources with their backups in this vault",
        description=(
            "Takes resources out of a vault and deletes their backups in it; the servers and disks themselves "
            "stay as they are. A worker does it: a resource is `removing` until the vault no longer lists it, "
            "with an operation log for each."
        ),
        errors=("6105", "6104", VAULT_UNCHANGEABLE, VAULT_STATUS, RESOURCE_BUSY, BEING_REMOVED, NOT_IN_VAULT),
    ),
    Route(
        operation=OPERATIONS["SetVaultResource"],
        handler=set_resources,
        right="cbr:vaults:update",
        summary="Suspend resources of a vault, or let automatic backups take them again",
        description=(
            "Keeps resources of a vault out of automatic backups, or lets them in again; `auto_protect` of each says "
            "which. Their backups stay, and a backup that a user asks for takes them all the same. An automatic "
            "checkpoint lists a suspended resource in `skipped_resources` with 6215."
        ),
        errors=("6105", "6104", VAULT_STATUS, BEING_REMOVED, NOT_IN_VAULT),
    ),
)
