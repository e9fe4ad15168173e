"""What documents name: from what was read so far to what is still to be read.

A document's name tells its kind (`opencbr.model.document`). Three more are read to find others and are not
kept: `ports` (the ports
of the server), `router_ports/<network>` and, on a Cinder below 3.63, `volume_types`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from opencbr.cloud.reader import COMPUTE_MICROVERSION, VOLUME_MICROVERSION

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
    path = f"/servers/{quote(server_id, safe='')}"
    return [
        Want("server", "compute", path, COMPUTE_MICROVERSION),
        Want("server@newest", "compute", path, newest.compute),
        Want("interface", "compute", path + "/os-interface", COMPUTE_MICROVERSION),
        Want("attachments", "compute", path + "/os-volume_attachments", newest.compute),
        Want("ports", "network", "/ports?" + urlencode({"device_id": server_id})),
    ]


def volume_itself(volume_id: str, newest: Newest) -> list[Want]:
    """Return what is read first of a volume."""
    path = f"/volumes/{quote(volume_id, safe='')}"
    return [
        Want(f"volume/{volume_id}", "volume", path, VOLUME_MICROVERSION),
        Want(f"volume@newest/{volume_id}", "volume", path, newest.volume),
    ]


def attached_volumes(known: Known) -> list[str]:
    """Return the ids of the server's volumes, in the order Nova tells them."""
    ids = [row["id"] for row in _server(known).get("os-extended-volumes:volumes_attached", ())]
    ids += [row["volumeId"] for row in known.get("attachments", {}).get("volumeAttachments", ())]
    return list(dict.fromkeys(ids))


def named_by(known: Known, newest: Newest, chosen: Callable[[str], bool], project_id: str) -> Iterator[Want]:
    """Yield what the known documents name, read already or not; of volumes only the `chosen` ones."""
    yield from _by_server(known, newest)
    for volume_id in attached_volumes(known):
        if chosen(volume_id):
            yield from volume_itself(volume_id, newest)
    yield from _by_volumes(known, newest)
    yield from _by_ports(known, project_id)


def _by_server(known: Known, newest: Newest) -> Iterator[Want]:
    server = _server(known)
    flavor = (server.get("flavor") or {}).get("id")
    if flavor:
        yield Want("flavor", "compute", f"/flavors/{quote(flavor, safe='')}", COMPUTE_MICROVERSION)
        yield Want("flavor@newest", "compute", f"/flavors/{quote(flavor, safe='')}", newest.compute)
    if server.get("image"):
        yield _image(server["image"]["id"])
    if server.get("key_name"):
        owner = urlencode({"user_id": server["user_id"]})
        path = f"/os-keypairs/{quote(server['key_name'], safe='')}?{owner}"
        yield Want("keypair", "compute", path, newest.compute)
    for group in (known.get("server@newest", {}).get("server") or {}).get("server_groups") or ():
        yield Want(
            f"server_group/{group}", "compute", f"/os-server-groups/{quote(group, safe='')}", newest.compute
        )


def _by_volumes(known: Known, newest: Newest) -> Iterator[Want]:
    for name, body in known.items():
        kind = name.partition("/")[0]
        volume = body.get("volume") or {}
        if kind == "volume" and (image := (volume.get("volume_image_metadata") or {}).get("image_id")):
            yield _image(image)
        if kind == "volume@newest" and volume.get("volume_type"):
            type_id = volume.get("volume_type_id") or _type_by_name(known, volume["volume_type"])
            if type_id:
                path = f"/types/{quote(type_id, safe='')}"
                yield Want(f"volume_type/{type_id}", "volume", path, newest.volume)
            else:
                yield Want("volume_types", "volume", "/types?is_public=None", newest.volume)


def _by_ports(known: Known, project_id: str) -> Iterator[Want]:
    networks: list[str] = []
    subnets: list[str] = []
    groups: list[str] = []
    for port in _ports(known):
        quoted = quote(port["id"], safe="")
        yield Want(f"port/{port['id']}", "network", f"/ports/{quoted}")
        yield Want(
            f"floatingips/{port['id']}", "network", "/floatingips?" + urlencode({"port_id": port["id"]})
        )
        networks.append(port["network_id"])
        subnets += [ip["subnet_id"] for ip in port.get("fixed_ips", ())]
        groups += port.get("security_groups", ())
    for network in dict.fromkeys(networks):
        yield Want(f"network/{network}", "network", f"/networks/{quote(network, safe='')}")
        query = urlencode({"network_id": network, "device_owner": ROUTER_PORTS}, doseq=True)
        yield Want(f"router_ports/{network}", "network", "/ports?" + query)
    for subnet in dict.fromkeys(subnets):
        yield Want(f"subnet/{subnet}", "network", f"/subnets/{quote(subnet, safe='')}")
    for group in dict.fromkeys(groups):
        yield Want(f"security_group/{group}", "network", f"/security-groups/{quote(group, safe='')}")
    for router in _routers(known, set(subnets), project_id):
        yield Want(f"router/{router}", "network", f"/routers/{quote(router, safe='')}")


def _ports(known: Known) -> list[Json]:
    """Return the server's ports: Nova's word for which and in what order, Neutron's for what they are."""
    found: dict[str, Json] = {}
    for row in known.get("interface", {}).get("interfaceAttachments", ()):
        found[row["port_id"]] = {**row, "id": row["port_id"], "network_id": row["net_id"]}
    for row in known.get("ports", {}).get("ports", ()):
        found[row["id"]] = row
    for name, body in known.items():
        if name.startswith("port/"):
            found[body["port"]["id"]] = body["port"]
    return list(found.values())


def _routers(known: Known, subnets: set[str], project_id: str) -> list[str]:
    """Return the routers in these subnets; on somebody else's network they are that project's affair."""
    found = []
    for name, body in known.items():
        if not name.startswith("router_ports/"):
            continue
        network = (known.get("network/" + name.partition("/")[2]) or {}).get("network") or {}
        if project_id not in (network.get("project_id"), network.get("tenant_id")):
            continue
        for port in body.get("ports", ()):
            if subnets & {ip["subnet_id"] for ip in port.get("fixed_ips", ())}:
                found.append(port["device_id"])  # noqa: PERF401 -- three nested conditions read better so
    return list(dict.fromkeys(found))


def _type_by_name(known: Known, name: str) -> str | None:
    rows = known.get("volume_types", {}).get("volume_types", ())
    return next((row["id"] for row in rows if row["name"] == name), None)


def _image(image_id: str) -> Want:
    return Want(f"image/{image_id}", "image", f"/images/{quote(image_id, safe='')}")


def _server(known: Known) -> Json:
    return known.get("server", {}).get("server") or {}
