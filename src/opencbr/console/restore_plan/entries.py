"""From the entries of a plan's form to the mapping that the API takes; what makes no sense the API refuses."""

from collections.abc import Mapping
from typing import Any

from opencbr.console.restore_plan.controls import OTHER
from opencbr.model.restore_plan.choices import MAP

_PLAIN = (
    *("name", "project_id", "flavor_id", "availability_zone", "volume_availability_zone"),
    *("user_data", "key_pair", "volume_id", "server_id"),
)
_LISTS = {
    "security_groups": ("security_groups", "security_group_id", "target"),
    "volume_types": ("volumes", "volume_id", "volume_type_id"),
    "disks": ("disks", "volume_id", "target"),
    "routers": ("routers", "router_id", "target"),
    "floating_ips": ("floating_ips", "floating_ip_id", "address"),
}
"""First part of an entry's name -> the member of the mapping, the member with the id, and the one with the choice."""


def mapping_of(entries: Mapping[str, str]) -> dict[str, Any]:
    """Read a form; what is empty was not chosen."""
    mapping: dict[str, Any] = {one: text for one in _PLAIN if (text := entries.get(one, "").strip())}
    if power := entries.get("power_on"):
        mapping["power_on"] = power == "true"
    ports: dict[str, dict[str, Any]] = {}
    if group := _chosen(entries, "server_group"):
        mapping["server_group"] = group
    for name, entry in entries.items():
        first, _, rest = name.partition(".")
        if first == "ports":
            port_id, _, what = rest.rpartition(".")
            ports.setdefault(port_id, {"port_id": port_id})
            if entry.strip():
                ports[port_id][what] = entry.strip()
        elif first in _LISTS and not name.endswith(OTHER) and entry.strip():
            listed, key, value = _LISTS[first]
            mapping.setdefault(listed, []).append({key: rest, value: _chosen(entries, name)})
    for port in ports.values():
        if port.get("network") != MAP:
            port.pop("network_id", None)
    if ports:
        mapping["ports"] = list(ports.values())
    return mapping


def _chosen(entries: Mapping[str, str], name: str) -> str:
    """Give what was chosen, of what is mapped the id that was entered beside it."""
    text = entries.get(name, "").strip()
    return entries.get(f"{name}{OTHER}", "").strip() if text == MAP else text
