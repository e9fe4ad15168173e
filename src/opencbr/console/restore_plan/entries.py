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
    "networks": ("networks", "network_id", "target"),
    "routers": ("routers", "router_id", "target"),
    "floating_ips": ("floating_ips", "floating_ip_id", "address"),
}
"""First part of an entry's name -> the member of the mapping, the member with the id, and the one with the choice."""


def mapping_of(entries: Mapping[str, str]) -> dict[str, Any]:
    """Read a form; what is empty was not chosen."""
    mapping: dict[str, Any] = {one: text for one in _PLAIN if (text := entries.get(one, "").strip())}
    if power := entries.get("power_on"):
        mapping["power_on"] = power == "true"
    if group := _chosen(entries, "server_group"):
        mapping["server_group"] = group
    for name, entry in entries.items():
        first, _, rest = name.partition(".")
        if first in _LISTS and not name.endswith(OTHER) and entry.strip():
            listed, key, value = _LISTS[first]
            mapping.setdefault(listed, []).append({key: rest, value: _chosen(entries, name)})
    if ports := _parts(entries, "ports", "port_id"):
        mapping["ports"] = ports
        for port in ports:
            if port.get("network") != MAP:
                port.pop("network_id", None)
    if backups := _parts(entries, "backups", "backup_id"):
        mapping["backups"] = [one | {"leave_out": "leave_out" in one} for one in backups]
    return mapping


def _parts(entries: Mapping[str, str], kind: str, key: str) -> list[dict[str, Any]]:
    """Gather what was chosen of each thing of a kind (`ports.<id>.network`), also of those of which nothing was."""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in entries.items():
        first, _, rest = name.partition(".")
        if first == kind and not name.endswith(OTHER):
            id_, _, what = rest.rpartition(".")
            one = found.setdefault(id_, {key: id_})
            if text := entry.strip():
                one[what] = _chosen(entries, name) if f"{name}{OTHER}" in entries else text
    return list(found.values())


def _chosen(entries: Mapping[str, str], name: str) -> str:
    """Give what was chosen, of what is mapped the id that was entered beside it."""
    text = entries.get(name, "").strip()
    return entries.get(f"{name}{OTHER}", "").strip() if text == MAP else text
