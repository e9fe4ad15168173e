"""Which fields of upstream bodies are for whom: one table, for records and for every answer that carries a body.

Two classes are replaced in a record's views (docs/record-format.md): *secrets*, and *infrastructure*, which only the
operator sees. Some more fields are shown to administrators alone by the default policies of Nova and Cinder and tell
nothing of the operator's machines: they stand in records in clear, and are left out where a body is shown as its
owner's own token would see it. A field goes by its name, at any depth of any document, so that no new envelope slips past.
"""

from collections.abc import Mapping
from typing import Any

SECRETS = "secrets"
INFRASTRUCTURE = "infrastructure"

_SECRET = frozenset(
    {
        "OS-EXT-SRV-ATTR:user_data",
        "user_data",
        "adminPass",
        "admin_pass",
        "adminPassword",
        "admin_password",
        "password",
        "private_key",
        "auth_key",
        "auth_password",
        "secret",
        "secret_key",
        "personality",
    }
)
_INFRASTRUCTURE = frozenset(
    {
        "OS-EXT-SRV-ATTR:host",
        "OS-EXT-SRV-ATTR:hypervisor_hostname",
        "OS-EXT-SRV-ATTR:instance_name",
        "binding:host_id",
        "binding:profile",
        "binding:vif_details",
        "os-vol-host-attr:host",
        "host_name",
        "cluster_name",
        "encryption_key_id",
        "cinder_encryption_key_id",
        "qos_specs_id",
        "direct_url",
        "locations",
        "backup_url",
    }
)
_INFRASTRUCTURE_PREFIXES = ("provider:", "os-vol-mig-status-attr:")
_ADMIN_ONLY = frozenset({"host_status", "migration_status", "service_uuid", "provider_id", "shared_targets"})
_ADMIN_ONLY_PREFIXES = ("OS-EXT-SRV-ATTR:", "os-vol-host-attr:")

FREE_MAPS = frozenset({"metadata", "volume_image_metadata", "image_metadata", "properties"})
"""Maps that tenants fill themselves: a key in them is nobody's field name."""


def class_of(name: str) -> str | None:
    """Return SECRETS or INFRASTRUCTURE for a field that not every reader of a record sees; None for all others."""
    if name in _SECRET:
        return SECRETS
    if name in _INFRASTRUCTURE or name.startswith(_INFRASTRUCTURE_PREFIXES):
        return INFRASTRUCTURE
    return None


def as_owner_sees(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body that was read as administrator without what the cloud would not show to its owner."""
    return {
        name: value if name in FREE_MAPS else _inner(value)
        for name, value in body.items()
        if not _is_for_admins(name)
    }


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return as_owner_sees(value)
    return [_inner(one) for one in value] if isinstance(value, list) else value


def _is_for_admins(name: str) -> bool:
    return class_of(name) == INFRASTRUCTURE or name in _ADMIN_ONLY or name.startswith(_ADMIN_ONLY_PREFIXES)
