"""CreateVault (contract 3.1, 3.9)."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.vaults.body import ShowVaultBody, vault_body
from opencbr.api.cbr.vaults.settings import BindRules, ConsistentLevel, Tag, Threshold, bind_rules
from opencbr.api.cbr.vaults.wanted import WantedResource
from opencbr.api.errors import bad_parameter
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Description, Name, Text
from opencbr.model.vault import MAX_SIZE_GB
from opencbr.service.vaults import VaultSpec

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


class CreateVaultBody(Struct):
    """The request of CreateVault."""

    vault: NewVault


def create_vault(request: Request[None, CreateVaultBody]) -> ShowVaultBody:
    """Answer CreateVault."""
    return ShowVaultBody(vault_body(request.services.vaults.create(request.ctx, _spec(request.body.vault))))


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


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["CreateVault"],
        handler=create_vault,
        right="cbr:vaults:create",
        summary="Create a vault and bind servers or disks to it",
        upstream=True,
    ),
)
