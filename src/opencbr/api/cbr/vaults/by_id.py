"""ShowVault, UpdateVault and DeleteVault (contract 3.1)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.body import ShowVaultBody, vault_body
from opencbr.api.cbr.vaults.settings import (
    AutoBind,
    AutoExpand,
    ConsistentLevel,
    Locked,
    NewBindRules,
    SmnNotify,
    Threshold,
    bind_rules,
)
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Description, Name
from opencbr.model.errors import BEING_REMOVED, RESOURCE_BUSY, VAULT_STATUS, VAULT_UNCHANGEABLE
from opencbr.model.vault import MAX_SIZE_GB

_CHANGEABLE = ("name", "description", "auto_bind", "auto_expand", "smn_notify", "threshold", "locked")


class ChangedBilling(Struct):
    """What UpdateVault can change of the billing."""

    size: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_SIZE_GB, description="quota in GiB")] | None,
        Meta(description="GiB that the backups may hold; not less than they hold"),
    ] = None
    consistent_level: Annotated[
        ConsistentLevel | None, Meta(description="noted and shown; backups say what they are")
    ] = None


class ChangedVault(Struct):
    """What UpdateVault can change; what is left out or null stays."""

    name: Annotated[
        Name | None, Meta(description="1 to 64 letters, digits, underscores, hyphens or CJK ideographs")
    ] = None
    description: Annotated[
        Description | None, Meta(description="at most 255 characters, without < and >")
    ] = None
    billing: Annotated[ChangedBilling | None, Meta(description="size and consistency")] = None
    auto_bind: AutoBind = None
    bind_rules: NewBindRules = None
    auto_expand: AutoExpand = None
    smn_notify: SmnNotify = None
    threshold: Annotated[
        Threshold | None, Meta(description="per cent of use from which the logs of backups say so")
    ] = None
    locked: Locked = None


class UpdateVaultBody(Struct):
    """The request of UpdateVault."""

    vault: Annotated[ChangedVault, Meta(description="what to change")]


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
        description=(
            "Shows one vault: its size and use, its settings, and each resource that is bound to it with the "
            "size and number of its backups. A vault that is being deleted is shown until it is gone, then the "
            "answer is 404."
        ),
        errors=("6105",),
    ),
    Route(
        operation=OPERATIONS["UpdateVault"],
        handler=update_vault,
        right="cbr:vaults:update",
        summary="Change a vault's name, size or settings",
        description=(
            "Changes the name, the size or the settings of a vault; what is left out or null stays as it is. A "
            "vault cannot become smaller than what it holds, and one that was locked stays locked."
        ),
        errors=("6105", "6101", VAULT_UNCHANGEABLE),
    ),
    Route(
        operation=OPERATIONS["DeleteVault"],
        handler=delete_vault,
        right="cbr:vaults:delete",
        summary="Request the deletion of a vault with its backups",
        description=(
            "Asks for the end of a vault: a worker deletes its backups, in the cloud too, unbinds its "
            "resources, and removes the vault. The vault is `deleting` meanwhile; the work is done when "
            "ShowVault answers 404. It cannot be called back."
        ),
        errors=("6105", VAULT_UNCHANGEABLE, VAULT_STATUS, RESOURCE_BUSY, BEING_REMOVED),
    ),
)
