"""What goes over the wire about vaults and their resources (contract 3.1): requests in, answers out."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opencbr.api.schema import Description, Id, Name, Text
from opencbr.model.times import wire_time
from opencbr.model.vault import MAX_SIZE_GB, SERVER, SPEC_CODE, Resource
from opencbr.service.resources import Wanted
from opencbr.service.vault_views import ResourceView, VaultView

ConsistentLevel = Literal["crash_consistent", "app_consistent"]
Threshold = Annotated[int, Meta(ge=1, le=100, description="per cent of use that triggers a notification")]


class IncludedVolume(Struct):
    """A volume of `include_volumes`; `os_version` is accepted and not used."""

    id: Id
    os_version: Text | None = None


class WantedExtraInfo(Struct):
    """Which volumes of a server. Some clients write `include_volumes` as plain ids."""

    exclude_volumes: Annotated[list[Id], Meta(max_length=256)] | None = None
    include_volumes: Annotated[list[IncludedVolume | Id], Meta(max_length=256)] | None = None


class WantedResource(Struct):
    """A server or disk that a request names."""

    id: Id
    type: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Text | None = None
    extra_info: WantedExtraInfo | None = None

    def wanted(self) -> Wanted:
        """Return it in the words of the use cases."""
        more = self.extra_info or WantedExtraInfo()
        included = more.include_volumes or []
        return Wanted(
            id=self.id,
            type=self.type,
            name=self.name or None,
            exclude_volumes=tuple(dict.fromkeys(more.exclude_volumes or ())),
            include_volumes=tuple(dict.fromkeys(v if isinstance(v, str) else v.id for v in included)),
        )


class Tag(Struct):
    """A key and a value (contract 3.9)."""

    key: Annotated[str, Meta(min_length=1, max_length=36)]
    value: Annotated[str, Meta(max_length=43)] | None = None


class BindRules(Struct):
    """Which unprotected resources `auto_bind` takes; `{"tags": []}` clears them."""

    tags: Annotated[list[Tag], Meta(max_length=5)] | None = None


class NewBilling(Struct, kw_only=True):
    """What a new vault is for. Pre-paid members (`period_type` …) are ignored like all unknown ones."""

    object_type: Literal["server", "disk", "turbo", "workspace", "vmware", "rds", "file"]
    protect_type: Literal["backup", "replication"]
    consistent_level: ConsistentLevel
    size: Annotated[int, Meta(ge=10, le=MAX_SIZE_GB, description="quota in GB")]
    cloud_type: Literal["public", "hybrid"] | None = None
    charging_mode: Literal["post_paid", "pre_paid"] | None = None
    is_multi_az: bool | None = None


class NewVault(Struct, kw_only=True):
    """The vault of CreateVault."""

    name: Name
    billing: NewBilling
    resources: Annotated[list[WantedResource], Meta(max_length=255)]
    description: Description | None = None
    backup_policy_id: Text | None = None
    tags: Annotated[list[Tag], Meta(max_length=20)] | None = None
    enterprise_project_id: Text | None = None
    auto_bind: bool | None = None
    bind_rules: BindRules | None = None
    auto_expand: bool | None = None
    threshold: Threshold | None = None
    smn_notify: bool | None = None
    backup_name_prefix: Annotated[str, Meta(max_length=32, pattern=r"^[^<>]*$(?!\n)")] | None = None
    demand_billing: bool | None = None
    sys_lock_source_service: Annotated[str, Meta(max_length=32)] | None = None
    locked: bool | None = None
    availability_zone: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class ChangedBilling(Struct):
    """What UpdateVault can change of the billing."""

    size: Annotated[int, Meta(ge=1, le=MAX_SIZE_GB, description="quota in GB")] | None = None
    consistent_level: ConsistentLevel | None = None


class ChangedVault(Struct):
    """What UpdateVault can change; what is left out or null stays."""

    name: Name | None = None
    billing: ChangedBilling | None = None
    auto_bind: bool | None = None
    bind_rules: BindRules | None = None
    auto_expand: bool | None = None
    smn_notify: bool | None = None
    threshold: Threshold | None = None
    locked: bool | None = None


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
    """A vault as clients see it."""

    id: str
    name: str
    description: str
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
    backup_name_prefix: str
    demand_billing: bool
    cbc_delete_count: int
    frozen: bool
    sys_lock_source_service: str
    availability_zone: str | None
    version: str = "3"


def vault_body(view: VaultView) -> VaultBody:
    """Write a vault for the wire."""
    vault = view.vault
    return VaultBody(
        id=vault.id,
        name=vault.name,
        description=vault.description,
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
        backup_name_prefix=vault.backup_name_prefix,
        demand_billing=vault.demand_billing,
        cbc_delete_count=0,
        frozen=vault.status == "frozen",
        sys_lock_source_service=vault.sys_lock_source_service,
        availability_zone=vault.availability_zone,
    )


def bind_rules(rules: BindRules) -> dict[str, Any]:
    """Return the rules as they are stored and shown: empty when they have no tags."""
    tags = [{"key": tag.key.strip(), "value": (tag.value or "").strip()} for tag in rules.tags or ()]
    return {"tags": tags} if tags else {}


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
