"""CreateVault (contract 3.1, 3.9)."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.tag import NewTag, tags_of
from opencbr.api.cbr.vaults.body import ShowVaultBody, vault_body
from opencbr.api.cbr.vaults.settings import (
    AutoBind,
    AutoExpand,
    CloudType,
    ConsistentLevel,
    Locked,
    NewBindRules,
    ObjectType,
    ProtectType,
    SmnNotify,
    Threshold,
    bind_rules,
)
from opencbr.api.cbr.vaults.wanted import BINDING_ERRORS, WantedResource
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Description, Name, Text
from opencbr.model.errors import NO_SUCH_POLICY, UNFIT_POLICY, UNSUPPORTED_TYPE
from opencbr.model.vault import MAX_SIZE_GB, MAX_TAGS
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

    object_type: Annotated[
        ObjectType,
        Meta(description="what the vault takes; this server offers `server` and `disk`"),
    ]
    protect_type: Annotated[ProtectType, Meta(description="this server offers `backup`")]
    consistent_level: Annotated[
        ConsistentLevel,
        Meta(
            description="noted and shown; without an agent in the guest a backup is crash-consistent, and says so"
        ),
    ]
    size: Annotated[
        int, Meta(ge=10, le=MAX_SIZE_GB, description="GiB that the backups may hold; nothing is reserved")
    ]
    cloud_type: Annotated[
        CloudType | None, Meta(description="noted and shown; `public` where it is left out")
    ] = None
    charging_mode: Annotated[
        Literal["post_paid", "pre_paid"] | None, Meta(description="`post_paid`: this server has no billing")
    ] = None
    is_multi_az: Annotated[bool | None, Meta(description="noted and shown")] = None


class NewVault(Struct, kw_only=True):
    """The vault of CreateVault."""

    name: Annotated[
        Name,
        Meta(
            description="1 to 64 letters, digits, underscores, hyphens or CJK ideographs; need not be unique"
        ),
    ]
    billing: Annotated[NewBilling, Meta(description="what the vault is for, and its size")]
    resources: Annotated[
        list[WantedResource],
        Meta(max_length=255, description="servers or disks to bind at once; may be empty"),
    ]
    description: Annotated[
        Description | None, Meta(description="at most 255 characters, without < and >")
    ] = None
    backup_policy_id: Annotated[
        Text | None, Meta(description="the policy by which the vault is backed up")
    ] = None
    tags: Annotated[
        Annotated[list[NewTag], Meta(max_length=MAX_TAGS)] | None,
        Meta(description="up to 20 keys with a value each, no key twice"),
    ] = None
    enterprise_project_id: Annotated[Text | None, Meta(description="accepted and not used")] = None
    auto_bind: AutoBind = None
    bind_rules: NewBindRules = None
    auto_expand: AutoExpand = None
    threshold: Annotated[
        Threshold | None,
        Meta(description="per cent of use from which the logs of backups say so; 80 where it is left out"),
    ] = None
    smn_notify: SmnNotify = None
    backup_name_prefix: Annotated[
        Annotated[str, Meta(max_length=32, pattern=r"^[^<>]*$(?!\n)")] | None,
        Meta(description="what the names of automatic backups begin with"),
    ] = None
    demand_billing: Annotated[bool | None, Meta(description="noted and shown")] = None
    sys_lock_source_service: Annotated[
        Annotated[str, Meta(max_length=32)] | None, Meta(description="noted and shown")
    ] = None
    locked: Locked = None
    availability_zone: Annotated[
        Annotated[str, Meta(min_length=1, max_length=32)] | None, Meta(description="noted and shown")
    ] = None


class CreateVaultBody(Struct):
    """The request of CreateVault."""

    vault: Annotated[NewVault, Meta(description="the vault to make")]


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
        "tags": tuple(tags_of(new.tags or ()).items()),
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


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["CreateVault"],
        handler=create_vault,
        right="cbr:vaults:create",
        summary="Create a vault and bind servers or disks to it",
        description=(
            "Makes a vault, which is what backups count in, and binds the servers or disks that the request "
            "names: all of them, or nothing is made. A vault takes servers or disks, not both, and a resource "
            "is in one vault at most. The vault is `available` in the answer; nothing is reserved in the cloud."
        ),
        errors=(*BINDING_ERRORS, UNSUPPORTED_TYPE, "6128", NO_SUCH_POLICY, UNFIT_POLICY, "6136"),
        upstream=True,
    ),
)
