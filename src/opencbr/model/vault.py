"""Vaults and the resources bound to them (contract 3.1, 3.10, 5.1)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opencbr.model import statuses

SERVER = "OS::Nova::Server"
VOLUME = "OS::Cinder::Volume"
VAULT = "vault"
"""What an operation log calls the resource of a vault's deletion; ours, the contract names none."""

RESOURCE_TYPE: dict[str, str] = {"server": SERVER, "disk": VOLUME}
"""Object type of a vault -> type of the resources it takes."""

PROVIDER_ID: dict[str, str] = {
    "server": "0daac4c5-6707-4851-97ba-169e36266b66",
    "disk": "d1603440-187d-4516-af25-121250c7cc97",
}
"""Object type -> provider id that clients know (contract 3.10)."""

SPEC_CODE: dict[str, str] = {"server": "vault.backup.server.normal", "disk": "vault.backup.volume.normal"}

MB_IN_GB = 1024
"""MiB in the unit of a vault's size."""

MAX_RESOURCES = 256
"""Resources one vault may hold (contract 5.1, code 6100)."""

MAX_TAGS = 20
"""Tags of one vault (contract D4, code 6600)."""

MAX_SIZE_GB = 10_485_760
"""The largest vault (contract 3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A vault as stored. `size_gb` is a quota, not an allocation."""

    id: str
    project_id: str
    user_id: str
    name: str
    description: str = ""
    object_type: str = "server"
    protect_type: str = "backup"
    consistent_level: str = "crash_consistent"
    cloud_type: str = "public"
    size_gb: int = 10
    status: statuses.VaultStatus = statuses.AVAILABLE
    is_multi_az: bool = False
    auto_bind: bool = False
    bind_rules: dict[str, Any] = field(default_factory=dict)
    auto_expand: bool = False
    threshold: int = 80
    smn_notify: bool = True
    locked: bool = False
    backup_name_prefix: str = ""
    demand_billing: bool = False
    sys_lock_source_service: str = ""
    availability_zone: str | None = None
    enterprise_project_id: str = "0"
    tags: tuple[tuple[str, str], ...] = ()
    held_at: datetime | None = None  # deleted for the user, kept for the held backups in it
    created_at: datetime
    updated_at: datetime

    @property
    def rules(self) -> frozenset[tuple[str, str]]:
        """The tags of which a resource must have one to be bound by itself; none without `auto_bind` (contract 5.4)."""
        tags = self.bind_rules.get("tags", ()) if self.auto_bind else ()
        return frozenset((tag["key"], tag["value"]) for tag in tags)

    @property
    def provider_id(self) -> str:
        """The provider id that clients expect for this object type."""
        return PROVIDER_ID[self.object_type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A server or volume bound to a vault; `exclude_volumes`/`include_volumes` are volume ids of a server."""

    vault_id: str
    project_id: str
    id: str
    type: str
    name: str
    size_gb: int = 0
    exclude_volumes: tuple[str, ...] = ()
    include_volumes: tuple[str, ...] = ()
    protect_status: statuses.ProtectStatus = statuses.AVAILABLE
    auto_protect: bool = True
    created_at: datetime
    bound_by_rules: bool = False  # by the vault's bind rules, not by a request

    def takes(self, volume_id: str) -> bool:
        """Say whether a backup of this server holds a disk that it has; a disk holds itself."""
        chosen = not self.include_volumes or volume_id in self.include_volumes
        return chosen and volume_id not in self.exclude_volumes


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a vault or a resource holds: sums the store computes. `used_mb` counts held backups too."""

    allocated_gb: int = 0
    used_mb: int = 0
    backup_count: int = 0
