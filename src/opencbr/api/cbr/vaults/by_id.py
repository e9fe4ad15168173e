"""ShowVault, UpdateVault and DeleteVault (contract 3.1)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.body import ShowVaultBody, vault_body
from opencbr.api.cbr.vaults.settings import BindRules, ConsistentLevel, Threshold, bind_rules
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Description, Name
from opencbr.model.vault import MAX_SIZE_GB

_CHANGEABLE = ("name", "description", "auto_bind", "auto_expand", "smn_notify", "threshold", "locked")


class ChangedBilling(Struct):
    """What UpdateVault can change of the billing."""

    size: Annotated[int, Meta(ge=1, le=MAX_SIZE_GB, description="quota in GB")] | None = None
    consistent_level: ConsistentLevel | None = None


class ChangedVault(Struct):
    """What UpdateVault can change; what is left out or null stays."""

    name: Name | None = None
    description: Description | None = None
    billing: ChangedBilling | None = None
    auto_bind: bool | None = None
    bind_rules: BindRules | None = None
    auto_expand: bool | None = None
    smn_notify: bool | None = None
    threshold: Threshold | None = None
    locked: bool | None = None


class UpdateVaultBody(Struct):
    """The request of UpdateVault."""

    vault: ChangedVault


def show_vault(request: Request[None, None]) -> ShowVaultBody:
    """Answer ShowVault."""
    return ShowVaultBody(vault_body(request.services.vaults.show(request.ctx, request.path["vault_id"])))


def update_vault(request: Request[None, UpdateVaultBody]) -> ShowVaultBody:
    """Answer UpdateVault."""
    view = request.services.vaults.update(request.ctx, request.path["vault_id"], _changes(request.body.vault))
    return ShowVaultBody(vault_body(view))


def delete_vault(request: Request[None, None]) -> None:
    """Answer DeleteVault: the deletion is requested, clients poll until the vault is 404."""
    request.services.vaults.delete(request.ctx, request.path["vault_id"])


def _changes(changed: ChangedVault) -> dict[str, Any]:
    changes = {name: getattr(changed, name) for name in _CHANGEABLE if getattr(changed, name) is not None}
    if changed.bind_rules is not None:
        changes["bind_rules"] = bind_rules(changed.bind_rules)
    if changed.billing is not None and changed.billing.size is not None:
        changes["size_gb"] = changed.billing.size
    if changed.billing is not None and changed.billing.consistent_level is not None:
        changes["consistent_level"] = changed.billing.consistent_level
    return changes


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowVault"],
        handler=show_vault,
        right="cbr:vaults:get",
        summary="Show a vault and what is bound to it",
    ),
    Route(
        operation=OPERATIONS["UpdateVault"],
        handler=update_vault,
        right="cbr:vaults:update",
        summary="Change a vault's name, size or settings",
    ),
    Route(
        operation=OPERATIONS["DeleteVault"],
        handler=delete_vault,
        right="cbr:vaults:delete",
        summary="Request the deletion of a vault with its backups",
    ),
)
