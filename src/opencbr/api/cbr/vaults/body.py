"""A vault and what is bound to it, as clients see them (contract 3.1)."""

from typing import Any

from msgspec import Struct

from opencbr.model import statuses
from opencbr.model.times import wire_time
from opencbr.model.vault import SERVER, SPEC_CODE, Resource
from opencbr.service.vault_views import ResourceView, VaultView


class Billing(Struct, kw_only=True):
    """Sizes and state of a vault: `size` and `allocated` GB, `used` MB. Never null (trap T7)."""

    allocated: int
    used: int
    size: int
    cloud_type: str
    charging_mode: str
    consistent_level: str
    object_type: str
    protect_type: str
    spec_code: str
    status: str
    is_multi_az: bool
    storage_unit: str | None = None
    order_id: str | None = None
    product_id: str | None = None
    frozen_scene: str | None = None


class ResourceBody(Struct, kw_only=True):
    """A bound resource: `size` GB, `backup_size` MB."""

    id: str
    type: str
    name: str
    protect_status: str
    size: int
    backup_size: int
    backup_count: int
    extra_info: dict[str, Any]
    auto_protect: bool


class TagBody(Struct):
    """A tag as shown."""

    key: str
    value: str


class VaultBody(Struct, kw_only=True):
    """A vault as clients see it; an empty text is null (contract 0.3)."""

    id: str
    name: str
    description: str | None
    project_id: str
    provider_id: str
    user_id: str
    enterprise_project_id: str
    created_at: str | None
    updated_at: str | None
    billing: Billing
    resources: list[ResourceBody]
    tags: list[TagBody]
    auto_bind: bool
    bind_rules: dict[str, Any]
    auto_expand: bool
    threshold: int
    smn_notify: bool
    locked: bool
    backup_name_prefix: str | None
    demand_billing: bool
    cbc_delete_count: int
    frozen: bool
    sys_lock_source_service: str | None
    availability_zone: str | None
    version: str = "3"


class ShowVaultBody(Struct):
    """The envelope of one vault."""

    vault: VaultBody


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
        tags=[TagBody(key, value) for key, value in vault.tags],
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
    )


def _extra_info(resource: Resource) -> dict[str, Any]:
    """Show a server's selection of volumes; `exclude_volumes` is a list even when empty: clients walk it."""
    if resource.type != SERVER:
        return {}
    shown: dict[str, Any] = {"exclude_volumes": [*resource.exclude_volumes]}
    if resource.include_volumes:
        shown["include_volumes"] = [{"id": v, "os_version": None} for v in resource.include_volumes]
    return shown
