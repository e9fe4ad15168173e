"""May this document be kept? The reader sees all projects, a record holds one's things and public ones."""

from collections.abc import Callable, Mapping
from typing import Any

from opencbr.model.reference_fields import named

Json = Mapping[str, Any]
Check = Callable[[Json, str], bool]

_SHAREABLE = frozenset(
    {"address_group", "image", "interface", "network", "qos_policy", "security_group", "subnet"}
)
_PUBLIC_IMAGES = frozenset({"public", "community"})


def may_keep(name: str, body: Json, project_id: str, known: Mapping[str, Json]) -> bool:
    """Say whether the document belongs to the project or to everybody.

    Flavors, volume types and key pairs have no project, `interface` and `attachments` are parts of the server: they are
    kept when the server is. Anybody may write any server's id into his own port, and Nova lists it to an administrator: an
    `interface` with a port that is not among the project's is not kept. A body that does not tell its owner is not kept
    either. `known` holds the networks, floating IPs and ports already allowed, in which subnets, port forwardings and
    interfaces lie.
    """
    kind = name.partition("/")[0]
    if kind == "subnet":
        around = named(kind, body, "network")
        return _owns(body.get("subnet"), project_id) or any(f"network/{one}" in known for one in around)
    if kind == "port_forwardings":
        return name.replace(kind, "floatingip", 1) in known
    if kind == "interface":
        ports = {f"port/{one['id']}" for one in known.get("ports", {}).get("ports", ())} | known.keys()
        return all(f"port/{one}" in ports for one in named(kind, body, "port"))
    check = _CHECKS.get(kind)
    return check is None or check(body, project_id)


def is_shareable(name: str) -> bool:
    """Say whether the project itself may be shown what an administrator is shown as another's, or in part as another's.

    One project can share with another alone (Neutron's RBAC, an image's members).
    """
    return name.partition("/")[0] in _SHAREABLE


def _owns(thing: Any, project_id: str) -> bool:
    return isinstance(thing, Mapping) and project_id in (thing.get("project_id"), thing.get("tenant_id"))


def _inside(envelope: str) -> Check:
    return lambda body, project_id: _owns(body.get(envelope), project_id)


def _volume(body: Json, project_id: str) -> bool:
    return (body.get("volume") or {}).get("os-vol-tenant-attr:tenant_id") == project_id


def _image(body: Json, project_id: str) -> bool:
    return body.get("owner") == project_id or body.get("visibility") in _PUBLIC_IMAGES


def _network(body: Json, project_id: str) -> bool:
    network = body.get("network") or {}
    return (
        _owns(network, project_id) or network.get("shared") is True or network.get("router:external") is True
    )


def _own_or_open(envelope: str) -> Check:
    def check(body: Json, project_id: str) -> bool:
        thing = body.get(envelope) or {}
        return _owns(thing, project_id) or thing.get("shared") is True

    return check


def _floatingips(body: Json, project_id: str) -> bool:
    return all(_owns(row, project_id) for row in body.get("floatingips") or ())


_CHECKS: dict[str, Check] = {
    "server": _inside("server"),
    "server@newest": _inside("server"),
    "server_group": _inside("server_group"),
    "volume": _volume,
    "volume@newest": _volume,
    "image": _image,
    "network": _network,
    "router": _inside("router"),
    "port": _inside("port"),
    "subport": _inside("port"),
    "trunk": _inside("trunk"),
    "floatingip": _inside("floatingip"),
    "floatingips": _floatingips,
    "project_floatingips": _floatingips,
    "address_group": _own_or_open("address_group"),
    "qos_policy": _own_or_open("policy"),
    "security_group": _own_or_open("security_group"),
}
