"""MigrateVaultResource: resources move to another vault with their backups (contract 5.1)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id
from opencbr.model.errors import (
    BEING_REMOVED,
    DESTINATION_REFUSED,
    NOT_IN_VAULT,
    RESOURCE_BUSY,
    VAULT_STATUS,
    VAULT_UNCHANGEABLE,
)


class MigrateResourcesBody(Struct):
    """The request of MigrateVaultResource."""

    destination_vault_id: Annotated[
        Id, Meta(description="id of another vault of the project that takes the same type of resource")
    ]
    resource_ids: Annotated[
        list[Id],
        Meta(min_length=1, max_length=256, description="ids of resources of this vault, all or none"),
    ]


class MigratedResourcesBody(Struct):
    """What has moved."""

    migrated_resources: Annotated[list[str], Meta(description="the ids of what has moved")]


def migrate_resources(request: Request[None, MigrateResourcesBody]) -> MigratedResourcesBody:
    """Answer MigrateVaultResource."""
    ids = request.services.vault_resources.migrate(
        request.ctx,
        request.path["vault_id"],
        request.body.destination_vault_id,
        request.body.resource_ids,
    )
    return MigratedResourcesBody([*ids])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["MigrateVaultResource"],
        handler=migrate_resources,
        right="cbr:vaults:migrateResources",
        summary="Move resources with their backups to another vault",
        description=(
            "Moves resources of a vault, and all backups that they have in it, to another vault of the project: all of "
            "them or none. Nothing is copied; the backups keep their ids and count in the other vault at once. Each "
            "resource has an operation log, which has ended. Needs the right to add resources to the other vault too."
        ),
        errors=(
            *("6100", "6102", "6104", "6105", "6129", DESTINATION_REFUSED),
            *(VAULT_UNCHANGEABLE, VAULT_STATUS, RESOURCE_BUSY, BEING_REMOVED, NOT_IN_VAULT),
        ),
    ),
)
