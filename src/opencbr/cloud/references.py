"""From what was read so far to what is still to be read: each reference (`opencbr.model.reference_fields`) has its calls.

A document's name tells its kind (`opencbr.model.document`). Three more are read to find others and are not
kept: `ports` (the ports
of the server), `router_ports/<network>` and, on a Cinder below 3.63, `volume_types`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from opencbr.cloud.reader import COMPUTE_MICROVERSION, VOLUME_MICROVERSION
from opencbr.model.reference_fields import named, references

Json = Mapping[str, Any]
Known = Mapping[str, Json]
"""Document name -> its body, for those that were read and may be kept."""

ROUTER_PORTS = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
"""Owners of a port by which a router stands in a subnet (Neutron: plain, distributed, highly available)."""

ENVELOPE = {
    "server": "server",
    "server@newest": "server",
    "interface": "interfaceAttachments",
    "attachments": "volumeAttachments",
    "flavor": "flavor",
    "flavor@newest": "flavor",
    "keypair": "keypair",
    "server_group": "server_group",
    "volume": "volume",
    "volume@newest": "volume",
    "volume_type": "volume_type",
    "volume_types": "volume_types",
    "image": "id",  # Glance answers without an envelope
    "port": "port",
    "ports": "ports",
    "router_ports": "ports",
    "floatingips": "floatingips",
    "network": "network",
    "subnet": "subnet",
    "router": "router",
    "security_group": "security_group",
}
"""Kind of document -> the member that its body must have."""

SIDE_READS = ("ports", "router_ports/", "volume_types")


@dataclass(frozen=True, slots=True)
class Want:
    """A document to read, and the call that gives it."""

    name: str
    service: str
    path: str
    microversion: str | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest microversions, discovered."""

    compute: str
    volume: str


def server_itself(server_id: str, newest: Newest) -> list[Want]:
    """Return what is read first of a server."""
    path = f"/servers/{_quoted(server_id)}"
    return [
        Want("server", "compute", path, COMPUTE_MICROVERSION),
        Want("server@newest", "compute", path, newest.compute),
        Want("interface", "compute", path + "/os-interface", COMPUTE_MICROVERSION),
        Want("attachments", "compute", path + "/os-volume_attachments", newest.compute),
        Want("ports", "network", "/ports?" + urlencode({"device_id": server_id})),
    ]


def volume_itself(volume_id: str, newest: Newest) -> list[Want]:
    """Return what is read first of a volume."""
    path = f"/volumes/{_quoted(volume_id)}"
    return [
        Want(f"volume/{volume_id}", "volume", path, VOLUME_MICROVERSION),
        Want(f"volume@newest/{volume_id}", "volume", path, newest.volume),
    ]


def attached_volumes(known: Known) -> list[str]:
    """Return the ids of the server's volumes, in the order Nova tells them."""
    ids = [
        volume for kind in ("server", "attachments") for volume in named(kind, known.get(kind, {}), "volume")
    ]
    return list(dict.fromkeys(ids))


def named_by(known: Known, newest: Newest, chosen: Callable[[str], bool], project_id: str) -> Iterator[Want]:
    """Yield what the known documents name, read already or not; of volumes only the `chosen` ones."""
    for name, body in known.items():
        for target, found in references(name.partition("/")[0], body):
            if target != "volume" or chosen(found):
                yield from _READS[target](found, body, newest)
    yield from _types_by_name(known, newest)
    for router in _routers(known, project_id):
        yield Want(f"router/{router}", "network", f"/routers/{_quoted(router)}")


def _flavor(flavor: str, _body: Json, newest: Newest) -> list[Want]:
    path = f"/flavors/{_quoted(flavor)}"
    return [
        Want("flavor", "compute", path, COMPUTE_MICROVERSION),
        Want("flavor@newest", "compute", path, newest.compute),
    ]


def _keypair(name: str, server: Json, newest: Newest) -> list[Want]:
    owner = urlencode({"user_id": server["server"]["user_id"]})
    return [Want("keypair", "compute", f"/os-keypairs/{_quoted(name)}?{owner}", newest.compute)]


def _server_group(group: str, _body: Json, newest: Newest) -> list[Want]:
    return [Want(f"server_group/{group}", "compute", f"/os-server-groups/{_quoted(group)}", newest.compute)]


def _volume(volume: str, _body: Json, newest: Newest) -> list[Want]:
    return volume_itself(volume, newest)


def _volume_type(type_id: str, _body: Json, newest: Newest) -> list[Want]:
    return [Want(f"volume_type/{type_id}", "volume", f"/types/{_quoted(type_id)}", newest.volume)]


def _image(image: str, _body: Json, _newest: Newest) -> list[Want]:
    return [Want(f"image/{image}", "image", f"/images/{_quoted(image)}")]


def _port(port: str, _body: Json, _newest: Newest) -> list[Want]:
    return [
        Want(f"port/{port}", "network", f"/ports/{_quoted(port)}"),
        Want(f"floatingips/{port}", "network", "/floatingips?" + urlencode({"port_id": port})),
    ]


def _network(network: str, _body: Json, _newest: Newest) -> list[Want]:
    query = urlencode({"network_id": network, "device_owner": ROUTER_PORTS}, doseq=True)
    return [
        Want(f"network/{network}", "network", f"/networks/{_quoted(network)}"),
        Want(f"router_ports/{network}", "network", "/ports?" + query),
    ]


def _subnet(subnet: str, _body: Json, _newest: Newest) -> list[Want]:
    return [Want(f"subnet/{subnet}", "network", f"/subnets/{_quoted(subnet)}")]


def _security_group(group: str, _body: Json, _newest: Newest) -> list[Want]:
    return [Want(f"security_group/{group}", "network", f"/security-groups/{_quoted(group)}")]


_READS: dict[str, Callable[[str, Json, Newest], list[Want]]] = {
    "flavor": _flavor,
    "image": _image,
    "keypair": _keypair,
    "network": _network,
    "port": _port,
    "security_group": _security_group,
    "server_group": _server_group,
    "subnet": _subnet,
    "volume": _volume,
    "volume_type": _volume_type,
}
"""Kind of document -> the calls that read the one with this id, which was named in a body."""


def _types_by_name(known: Known, newest: Newest) -> Iterator[Want]:
    """Yield the types of volumes on a Cinder (below 3.63) that tells a type's name and not its id."""
    for name, body in known.items():
        volume = body.get("volume") or {}
        if not name.startswith("volume@newest/") or volume.get("volume_type_id"):
            continue
        if wanted := volume.get("volume_type"):
            rows = known.get("volume_types", {}).get("volume_types", ())
            type_id = next((row["id"] for row in rows if row["name"] == wanted), None)
            if type_id:
                yield from _volume_type(type_id, body, newest)
            else:
                yield Want("volume_types", "volume", "/types?is_public=None", newest.volume)


def _routers(known: Known, project_id: str) -> list[str]:
    """Return the routers in the server's subnets; on somebody else's network they are that project's affair."""
    subnets = {
        subnet for name, body in known.items() for subnet in named(name.partition("/")[0], body, "subnet")
    }
    found = []
    for name, body in known.items():
        if not name.startswith("router_ports/"):
            continue
        network = (known.get("network/" + name.partition("/")[2]) or {}).get("network") or {}
        if project_id not in (network.get("project_id"), network.get("tenant_id")):
            continue
        for port in body.get("ports", ()):
            if not subnets.isdisjoint(named("port", {"port": port}, "subnet")):
                found.append(port["device_id"])  # noqa: PERF401 -- three nested conditions read better so
    return list(dict.fromkeys(found))


def _quoted(name: str) -> str:
    return quote(name, safe="")
