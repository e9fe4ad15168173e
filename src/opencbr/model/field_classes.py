"""Which fields of upstream bodies are for whom: one table, for records and for every answer that carries a body.

Two classes are replaced in a record's views (docs/record-format.md): *secrets*, and *infrastructure*, which only the
operator sees: what OpenStack shows to administrators and not to a tenant's own token (`tests/data/openstack` has both, asked
at the same microversions). Some fields are shown to administrators alone and tell nothing of the operator's machines: they
stand in records in clear, and are left out where a body is shown as its owner's own token would see it.

A field goes by its name, at any depth of any document, so that no new envelope slips past; a name that is everybody's word
(`details`) goes with the member it stands in. What such a name cannot tell is judged by how it sounds and looks
(`opencbr.model.secret_detection`).
"""

from collections.abc import Mapping
from typing import Any

SECRETS = "secrets"
INFRASTRUCTURE = "infrastructure"

_SECRET = frozenset(
    {
        *("OS-EXT-SRV-ATTR:user_data", "user_data", "personality"),
        *("adminPass", "admin_pass", "adminPassword", "admin_password", "password"),
        *("private_key", "auth_key", "auth_password", "secret", "secret_key", "keyring"),
    }
)
_INFRASTRUCTURE = frozenset(
    {
        # Nova: os_compute_api:os-extended-server-attributes, servers:show:host_status
        *("OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:hypervisor_hostname", "OS-EXT-SRV-ATTR:instance_name"),
        "host_status",
        # Neutron: get_port:binding:*, get_port:resource_request, get_subnet:segment_id
        *("binding:host_id", "binding:profile", "binding:vif_details", "binding:vif_type"),
        *("resource_request", "segment_id"),
        # Cinder: volume_extension:volume_host_attribute, volume_mig_status_attribute, access_types_qos_specs_id
        *("os-vol-host-attr:host", "host_name", "cluster_name", "migration_status", "provider_id"),
        *("qos_specs_id", "backup_url"),
        # A tenant is shown these in some releases; they name the operator's storage all the same.
        *("service_uuid", "connection_info", "encryption_key_id", "cinder_encryption_key_id"),
        # Glance shows these by its policy get_image_location.
        *("direct_url", "locations"),
    }
)
_INFRASTRUCTURE_PREFIXES = ("provider:", "os-vol-mig-status-attr:")
_INFRASTRUCTURE_INSIDE = frozenset({("fault", "details"), ("port", "hints")})
"""Member, and the field directly in it."""

_ADMIN_ONLY_PREFIXES = ("OS-EXT-SRV-ATTR:", "os-vol-host-attr:")
_ADMIN_ONLY_INSIDE = frozenset({("router", "ha"), ("router", "distributed")})

ADMIN_DOCUMENTS = frozenset({"encryption", "qos_specs", "export"})
"""Kinds of documents that no tenant's token is given at all."""

FREE_MAPS = frozenset({"metadata", "volume_image_metadata", "image_metadata", "properties"})
"""Maps that tenants fill themselves: a key in them is nobody's field name."""

PUBLIC_SPECS = frozenset({"multiattach", "RESKEY:availability_zones", "replication_enabled"})
"""Extra specs of a volume type that Cinder shows to every tenant; the others name back ends."""


def class_of(name: str, inside: str = "") -> str | None:
    """Return SECRETS or INFRASTRUCTURE for a field that not every reader of a record sees; None for all others.

    `inside` is the member that the field stands in.
    """
    if name in _SECRET:
        return SECRETS
    if name in _INFRASTRUCTURE or name.startswith(_INFRASTRUCTURE_PREFIXES):
        return INFRASTRUCTURE
    return INFRASTRUCTURE if (inside, name) in _INFRASTRUCTURE_INSIDE else None


def is_for_admins(name: str, inside: str = "") -> bool:
    """Say whether the cloud shows a field to administrators and not to the owner of what it is a field of."""
    return (
        class_of(name, inside) == INFRASTRUCTURE
        or name.startswith(_ADMIN_ONLY_PREFIXES)
        or (inside, name) in _ADMIN_ONLY_INSIDE
    )


def as_owner_sees(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body that was read as administrator without what the cloud would not show to its owner.

    `kind` is the member that the body stood in.
    """
    return {
        name: value if name in FREE_MAPS else _inner(name, value)
        for name, value in body.items()
        if not is_for_admins(name, kind)
    }


def _inner(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return as_owner_sees(name, value)
    return [_inner(name, one) for one in value] if isinstance(value, list) else value
