"""A vault and what is bound to it, as clients see them (contract 3.1)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.tag import TagBody, tag_bodies
from opencbr.model import statuses
from opencbr.model.times import wire_time
from opencbr.model.vault import SERVER, SPEC_CODE, Resource
from opencbr.service.vault_views import ResourceView, VaultView


class Billing(Struct, kw_only=True):
    """Sizes and state of a vault: `size` and `allocated` GiB, `used` MiB. Never null (trap T7)."""

    allocated: Annotated[int, Meta(description="GiB of the resources that are bound")]
    used: Annotated[int, Meta(description="MiB that the backups hold")]
    size: Annotated[int, Meta(description="GiB that the backups may hold")]
    cloud_type: Annotated[str, Meta(description="`public` or `hybrid`, as it was asked for")]
    charging_mode: Annotated[str, Meta(description="`post_paid`: there is no billing here")]
    consistent_level: Annotated[
        str,
        Meta(
            description="`crash_consistent` or `app_consistent`, as it was asked for; backups say what they are"
        ),
    ]
    object_type: Annotated[str, Meta(description="`server` or `disk`: what the vault takes")]
    protect_type: Annotated[str, Meta(description="`backup`")]
    spec_code: Annotated[str, Meta(description="the vendor's name for this kind of vault")]
    status: Annotated[str, Meta(description="`available`, `lock`, `frozen`, `deleting` or `error`")]
    is_multi_az: Annotated[bool, Meta(description="as it was asked for")]
    storage_unit: Annotated[str | None, Meta(description="always null here")] = None
    order_id: Annotated[str | None, Meta(description="always null here")] = None
    product_id: Annotated[str | None, Meta(description="always null here")] = None
    frozen_scene: Annotated[str | None, Meta(description="always null here")] = None


class ResourceBody(Struct, kw_only=True):
    """A bound resource: `size` GiB, `backup_size` MiB."""

    id: Annotated[str, Meta(description="id of the server or disk")]
    type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    name: Annotated[str, Meta(description="its name when it was bound, or the one that was given then")]
    protect_status: Annotated[
        str, Meta(description="`available`, `protecting`, `restoring`, `removing` or `error`")
    ]
    size: Annotated[int, Meta(description="GiB that a backup covers")]
    backup_size: Annotated[int, Meta(description="MiB that its backups hold")]
    backup_count: Annotated[int, Meta(description="how many backups it has")]
    extra_info: Annotated[
        dict[str, Any],
        Meta(description="of a server: `exclude_volumes`, and `include_volumes` where some were chosen"),
    ]
    auto_protect: Annotated[bool, Meta(description="whether automatic backups take it")]
    bound_by_rules: Annotated[
        bool, Meta(description="whether the vault's `bind_rules` have bound it, not a request; ours")
    ]


class VaultBody(Struct, kw_only=True):
    """A vault as clients see it; an empty text is null (contract 0.3)."""

    id: Annotated[str, Meta(description="id of the vault")]
    name: Annotated[str, Meta(description="name of the vault; need not be unique")]
    description: Annotated[str | None, Meta(description="its description")]
    project_id: Annotated[str, Meta(description="the project that has it")]
    provider_id: Annotated[str, Meta(description="says whether it is for servers or disks")]
    user_id: Annotated[str, Meta(description="who made it")]
    enterprise_project_id: Annotated[str, Meta(description="`0`: there are no enterprise projects here")]
    created_at: Annotated[str | None, Meta(description="when it was made, UTC without a zone")]
    updated_at: Annotated[str | None, Meta(description="when it last changed, UTC without a zone")]
    billing: Annotated[Billing, Meta(description="its size, its use and its status")]
    resources: Annotated[list[ResourceBody], Meta(description="what is bound to it")]
    tags: Annotated[list[TagBody], Meta(description="its tags")]
    auto_bind: Annotated[bool, Meta(description="whether resources are bound by themselves, by `bind_rules`")]
    bind_rules: Annotated[
        dict[str, Any], Meta(description="as they were asked for: which resources `auto_bind` takes")
    ]
    auto_expand: Annotated[
        bool, Meta(description="whether a full vault grows by a quarter when a backup is asked for")
    ]
    threshold: Annotated[int, Meta(description="per cent of use from which the logs of backups say so")]
    smn_notify: Annotated[
        bool, Meta(description="whether the logs of backups tell when the threshold is reached")
    ]
    locked: Annotated[
        bool, Meta(description="whether automatic backups stay until they expire; never taken back")
    ]
    backup_name_prefix: Annotated[
        str | None, Meta(description="what the names of automatic backups begin with")
    ]
    demand_billing: Annotated[bool, Meta(description="as it was asked for")]
    cbc_delete_count: Annotated[int, Meta(description="always 0 here")]
    frozen: Annotated[bool, Meta(description="whether the status is `frozen`")]
    sys_lock_source_service: Annotated[str | None, Meta(description="as it was asked for")]
    availability_zone: Annotated[str | None, Meta(description="as it was asked for")]
    version: Annotated[str, Meta(description="the version of the interface")] = "3"


class ShowVaultBody(Struct):
    """The envelope of one vault."""

    vault: Annotated[VaultBody, Meta(description="the vault")]


def vault_body(view: VaultView) -> VaultBody:
    """Write a vault for the wire."""
    vault = view.vault
    return VaultBody(
        id=vault.id,
        name=vault.name,
        description=vault.description or None,
        project_id=vault.project_id,
        provider_id=vault.provider_id,
        user_id=vault.user_id,
        enterprise_project_id=vault.enterprise_project_id,
        created_at=wire_time(vault.created_at),
        updated_at=wire_time(vault.updated_at),
        billing=_billing(view),
        resources=[_resource_body(r) for r in view.resources],
        tags=tag_bodies(vault.tags),
        auto_bind=vault.auto_bind,
        bind_rules=vault.bind_rules,
        auto_expand=vault.auto_expand,
        threshold=vault.threshold,
        smn_notify=vault.smn_notify,
        locked=vault.locked,
        backup_name_prefix=vault.backup_name_prefix or None,
        demand_billing=vault.demand_billing,
        cbc_delete_count=0,
        frozen=vault.status == statuses.FROZEN,
        sys_lock_source_service=vault.sys_lock_source_service or None,
        availability_zone=vault.availability_zone,
    )


def _billing(view: VaultView) -> Billing:
    vault = view.vault
    return Billing(
        allocated=view.usage.allocated_gb,
        used=view.usage.used_mb,
        size=vault.size_gb,
        cloud_type=vault.cloud_type,
        charging_mode="post_paid",
        consistent_level=vault.consistent_level,
        object_type=vault.object_type,
        protect_type=vault.protect_type,
        spec_code=SPEC_CODE[vault.object_type],
        status=vault.status,
        is_multi_az=vault.is_multi_az,
    )


def _resource_body(view: ResourceView) -> ResourceBody:
    resource = view.resource
    return ResourceBody(
        id=resource.id,
        type=resource.type,
        name=resource.name,
        protect_status=resource.protect_status,
        size=resource.size_gb,
        backup_size=view.usage.used_mb,
        backup_count=view.usage.backup_count,
        extra_info=_extra_info(resource),
        auto_protect=resource.auto_protect,
        bound_by_rules=resource.bound_by_rules,
    )


def _extra_info(resource: Resource) -> dict[str, Any]:
    """Show a server's selection of volumes; `exclude_volumes` is a list even when empty: clients walk it."""
    if resource.type != SERVER:
        return {}
    shown: dict[str, Any] = {"exclude_volumes": [*resource.exclude_volumes]}
    if resource.include_volumes:
        shown["include_volumes"] = [{"id": v, "os_version": None} for v in resource.include_volumes]
    return shown
