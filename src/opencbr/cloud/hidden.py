"""Fields that an admin sees and a lesser credential does not: their absence is told, not guessed away.

Taken from the default policies of Nova (`os_compute_api:os-extended-server-attributes`), Neutron
(`get_port:binding:*`,
`get_network:provider:*`) and Cinder (`volume_extension:volume_host_attribute`). A field may be null; it
must be there.
"""

from collections.abc import Mapping
from typing import Any

_EXPECTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "server": (
        "server",
        (
            "OS-EXT-SRV-ATTR:host",
            "OS-EXT-SRV-ATTR:hypervisor_hostname",
            "OS-EXT-SRV-ATTR:root_device_name",
            "OS-EXT-SRV-ATTR:user_data",
        ),
    ),
    "server@newest": ("server", ("OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:root_device_name")),
    "flavor@newest": ("flavor", ("extra_specs",)),
    "port": ("port", ("binding:host_id", "binding:profile", "binding:vif_type")),
    "network": ("network", ("provider:network_type",)),
    "volume": ("volume", ("os-vol-host-attr:host",)),
    "volume@newest": ("volume", ("os-vol-host-attr:host",)),
}


def hidden_fields(name: str, body: Mapping[str, Any]) -> list[str]:
    """Return `document:field` for each field that should be in this document and is not."""
    envelope, fields = _EXPECTED.get(name.partition("/")[0], ("", ()))
    thing = body.get(envelope) or {}
    return [f"{name}:{field}" for field in fields if field not in thing]
