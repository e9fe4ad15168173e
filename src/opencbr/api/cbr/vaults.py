"""Chapter Vault: the vault operations and what is bound to a vault (contract 1, 2, 3.1)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.vault_bodies import (
    ChangedVault,
    NewVault,
    Tag,
    VaultBody,
    WantedResource,
    bind_rules,
    vault_body,
)
from opencbr.api.errors import bad_parameter
from opencbr.api.paging import page_of
from opencbr.api.route import Request, Route
from opencbr.api.schema import Id, PageQuery, Text
from opencbr.model.lists import VaultFilter
from opencbr.service.vaults import VaultSpec

_EVERY_ENTERPRISE_PROJECT = {"0", "all_granted_eps"}
_PLAIN = (
    "description",
    "auto_bind",
    "auto_expand",
    "threshold",
    "smn_notify",
    "backup_name_prefix",
    "demand_billing",
    "sys_lock_source_service",
    "locked",
    "availability_zone",
)
_CHANGEABLE = ("name", "auto_bind", "auto_expand", "smn_notify", "threshold", "locked")


class CreateVaultBody(Struct):
    """The request of CreateVault."""

    vault: NewVault


class UpdateVaultBody(Struct):
    """The request of UpdateVault."""

    vault: ChangedVault


class ShowVaultBody(Struct):
    """The envelope of one vault."""

    vault: VaultBody


class ListVaultBody(Struct):
    """A page of vaults; `count` is the number of all that match."""

    vaults: list[VaultBody]
    count: int
    limit: int
    offset: int


class ListVaultQuery(PageQuery, kw_only=True):
    """The filters of ListVault; exact, a repeated key means OR. `resource_ids` may have commas."""

    id: tuple[Text, ...] = ()
    name: tuple[Text, ...] = ()
    status: tuple[Text, ...] = ()
    cloud_type: tuple[Text, ...] = ()
    protect_type: tuple[Text, ...] = ()
    object_type: tuple[Text, ...] = ()
    enterprise_project_id: tuple[Text, ...] = ()
    policy_id: tuple[Text, ...] = ()
    resource_ids: tuple[Annotated[str, Meta(max_length=16_384)], ...] = ()


class SummaryBody(Struct):
    """The project's capacity and use in GB; bare, without an envelope (trap T28)."""

    size: int
    used_size: int


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


def create_vault(request: Request) -> ShowVaultBody:
    """Answer CreateVault."""
    body: CreateVaultBody = request.body
    return ShowVaultBody(vault_body(request.services.vaults.create(request.ctx, _spec(body.vault))))


def list_vaults(request: Request) -> ListVaultBody:
    """Answer ListVault."""
    query: ListVaultQuery = request.query
    page = page_of(query)
    if _nothing_can_match(query):
        return ListVaultBody([], 0, query.limit, query.offset)
    found = request.services.vaults.list(request.ctx, _filter(query), page)
    return ListVaultBody([vault_body(v) for v in found.items], found.count, query.limit, query.offset)


def show_summary(request: Request) -> SummaryBody:
    """Answer ShowSummary."""
    return SummaryBody(*request.services.vaults.summary(request.ctx))


def show_vault(request: Request) -> ShowVaultBody:
    """Answer ShowVault."""
    return ShowVaultBody(vault_body(request.services.vaults.show(request.ctx, request.path["vault_id"])))


def update_vault(request: Request) -> ShowVaultBody:
    """Answer UpdateVault."""
    body: UpdateVaultBody = request.body
    view = request.services.vaults.update(request.ctx, request.path["vault_id"], _changes(body.vault))
    return ShowVaultBody(vault_body(view))


def delete_vault(request: Request) -> None:
    """Answer DeleteVault: the deletion is ordered, clients poll until the vault is 404."""
    request.services.vaults.delete(request.ctx, request.path["vault_id"])


def add_resources(request: Request) -> AddedResourcesBody:
    """Answer AddVaultResource."""
    body: AddResourcesBody = request.body
    wanted = [one.wanted() for one in body.resources]
    return AddedResourcesBody(
        [*request.services.vaults.add_resources(request.ctx, request.path["vault_id"], wanted)]
    )


def remove_resources(request: Request) -> RemovedResourcesBody:
    """Answer RemoveVaultResource."""
    body: RemoveResourcesBody = request.body
    ids = request.services.vaults.remove_resources(request.ctx, request.path["vault_id"], body.resource_ids)
    return RemovedResourcesBody([*ids])


def _spec(new: NewVault) -> VaultSpec:
    billing = new.billing
    rest: dict[str, Any] = {name: getattr(new, name) for name in _PLAIN if getattr(new, name) is not None}
    rest |= {
        "cloud_type": billing.cloud_type or "public",
        "is_multi_az": bool(billing.is_multi_az),
        "bind_rules": bind_rules(new.bind_rules) if new.bind_rules else {},
        "tags": _tags(new.tags or []),
    }
    return VaultSpec(
        name=new.name,
        object_type=billing.object_type,
        protect_type=billing.protect_type,
        consistent_level=billing.consistent_level,
        size_gb=billing.size,
        charging_mode=billing.charging_mode or "post_paid",
        backup_policy_id=new.backup_policy_id,
        resources=[one.wanted() for one in new.resources],
        rest=rest,
    )


def _tags(tags: list[Tag]) -> tuple[tuple[str, str], ...]:
    """Return the tags trimmed (contract 3.9); raises 400/9900 for an empty key or one given twice."""
    found: dict[str, str] = {}
    for tag in tags:
        key = tag.key.strip()
        if not key or key in found:
            raise bad_parameter(f"tags: the key {key!r} is empty or given twice; give each key once.")
        found[key] = (tag.value or "").strip()
    return tuple(found.items())


def _changes(changed: ChangedVault) -> dict[str, Any]:
    changes = {name: getattr(changed, name) for name in _CHANGEABLE if getattr(changed, name) is not None}
    if changed.bind_rules is not None:
        changes["bind_rules"] = bind_rules(changed.bind_rules)
    if changed.billing is not None and changed.billing.size is not None:
        changes["size_gb"] = changed.billing.size
    if changed.billing is not None and changed.billing.consistent_level is not None:
        changes["consistent_level"] = changed.billing.consistent_level
    return changes


def _filter(query: ListVaultQuery) -> VaultFilter:
    return VaultFilter(
        ids=query.id,
        names=query.name,
        statuses=query.status,
        object_types=query.object_type,
        protect_types=query.protect_type,
        cloud_types=query.cloud_type,
        resource_ids=tuple(
            one.strip() for text in query.resource_ids for one in text.split(",") if one.strip()
        ),
    )


def _nothing_can_match(query: ListVaultQuery) -> bool:
    """Say whether a filter asks for what does not exist here: policies, another enterprise project."""
    wanted = set(query.enterprise_project_id)
    return bool(query.policy_id) or bool(wanted and not wanted & _EVERY_ENTERPRISE_PROJECT)


_VAULTS = "/v3/{project_id}/vaults"
_VAULT = "/v3/{project_id}/vaults/{vault_id}"

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path=_VAULTS,
        operation="ListVault",
        handler=list_vaults,
        right="cbr:vaults:list",
        summary="List the project's vaults",
        chapter="Vault",
        query=ListVaultQuery,
        response=ListVaultBody,
    ),
    Route(
        method="POST",
        path=_VAULTS,
        operation="CreateVault",
        handler=create_vault,
        right="cbr:vaults:create",
        summary="Create a vault and bind servers or disks to it",
        chapter="Vault",
        body=CreateVaultBody,
        response=ShowVaultBody,
    ),
    Route(
        method="GET",
        path=f"{_VAULTS}/summary",
        operation="ShowSummary",
        handler=show_summary,
        right="cbr:vaults:list",
        summary="Show the capacity of all vaults and what is used of it",
        chapter="Vault",
        response=SummaryBody,
    ),
    Route(
        method="GET",
        path=_VAULT,
        operation="ShowVault",
        handler=show_vault,
        right="cbr:vaults:get",
        summary="Show a vault and what is bound to it",
        chapter="Vault",
        response=ShowVaultBody,
    ),
    Route(
        method="PUT",
        path=_VAULT,
        operation="UpdateVault",
        handler=update_vault,
        right="cbr:vaults:update",
        summary="Change a vault's name, size or settings",
        chapter="Vault",
        body=UpdateVaultBody,
        response=ShowVaultBody,
    ),
    Route(
        method="DELETE",
        path=_VAULT,
        operation="DeleteVault",
        handler=delete_vault,
        right="cbr:vaults:delete",
        summary="Order the deletion of a vault with its backups",
        chapter="Vault",
        success=204,
    ),
    Route(
        method="POST",
        path=f"{_VAULT}/addresources",
        operation="AddVaultResource",
        handler=add_resources,
        right="cbr:vaults:addResources",
        summary="Bind servers or disks to a vault",
        chapter="Vault",
        body=AddResourcesBody,
        response=AddedResourcesBody,
    ),
    Route(
        method="POST",
        path=f"{_VAULT}/removeresources",
        operation="RemoveVaultResource",
        handler=remove_resources,
        right="cbr:vaults:removeResources",
        summary="Order the removal of resources with their backups in this vault",
        chapter="Vault",
        body=RemoveResourcesBody,
        response=RemovedResourcesBody,
    ),
)
