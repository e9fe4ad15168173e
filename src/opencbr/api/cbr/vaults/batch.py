"""BatchUpdateVault: settings of all vaults of the project at once (contract 3.1)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.settings import SmnNotify, Threshold
from opencbr.api.errors import bad_parameter
from opencbr.api.request import Request
from opencbr.api.route import Route


class ChangedVaults(Struct):
    """What BatchUpdateVault can change; what is left out or null stays."""

    smn_notify: SmnNotify = None
    threshold: Annotated[
        Threshold | None, Meta(description="per cent of use from which the logs of backups say so")
    ] = None


class BatchUpdateVaultBody(Struct):
    """The request of BatchUpdateVault."""

    vault: Annotated[ChangedVaults, Meta(description="what to change, one of them at least")]


class UpdatedVaultsBody(Struct):
    """Which vaults have changed."""

    updated_vaults_id: Annotated[list[str], Meta(description="the ids of the vaults")]


def batch_update_vaults(request: Request[None, BatchUpdateVaultBody]) -> UpdatedVaultsBody:
    """Answer BatchUpdateVault."""
    wanted = request.body.vault
    changes: dict[str, Any] = {
        name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not None
    }
    if not changes:
        raise bad_parameter("vault: it changes nothing; give smn_notify or threshold.")
    return UpdatedVaultsBody([*request.services.vaults.update_all(request.ctx, changes)])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["BatchUpdateVault"],
        handler=batch_update_vaults,
        right="cbr:vaults:update",
        summary="Change the threshold of all vaults of the project",
        description=(
            "Gives all vaults of the project another threshold, or lets the logs of backups speak of it or be silent. "
            "A vault that is being deleted is left out."
        ),
    ),
)
