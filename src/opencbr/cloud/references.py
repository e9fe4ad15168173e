"""From what was read so far to what is still to be read: each reference (`opencbr.model.reference_fields`) has its calls.

A document's name tells its kind (`opencbr.model.document`). Four more are read to find others and are not kept: `ports`
(the ports of the server), `router_ports/<network>`, `project_floatingips` (a floating IP whose ports are forwarded has no
port of its own) and, on a Cinder below 3.63, `volume_types`.

What an extension of Neutron adds is asked for only when a body names it, so that a cloud without it lacks nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from opencbr.cloud.reader import COMPUTE_MICROVERSION, VOLUME_MICROVERSION
from opencbr.cloud.shapes import misshapen
from opencbr.model.reference_fields import named, never_empty, references

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
    "encryption": "volume_type_id",  # without an envelope
    "qos_specs": "qos_specs",
    "image": "id",  # without an envelope
    "port": "port",
    "subport": "port",
    "ports": "ports",
    "router_ports": "ports",
    "trunk": "trunk",
    "floatingips": "floatingips",
    "project_floatingips": "floatingips",
    "floatingip": "floatingip",
    "port_forwardings": "port_forwardings",
    "qos_policy": "policy",
    "network": "network",
    "subnet": "subnet",
    "router": "router",
    "security_group": "security_group",
    "address_group": "address_group",
}
"""Kind of document -> the member that its body must have."""

_ROWS = {
    "interface": "interfaceAttachment",
    "attachments": "volumeAttachment",
    "volume_types": "volume_type",
    "ports": "port",
    "router_ports": "router_port",
    "floatingips": "floatingip_of_port",
    "project_floatingips": "floatingip",
    "port_forwardings": "port_forwarding",
}
"""Kind of document that is a list -> what a row of it must be shaped like (`opencbr.cloud.shapes`)."""

_BARE = frozenset({"encryption", "image"})
"""Kinds of documents that come without an envelope."""

SIDE_READS = ("ports", "router_ports/", "project_floatingips", "volume_types")

_OF_ITS_OWNER = frozenset({"subnet", "qos_policy"})
"""What a network names for its owner: on somebody else's network it is that project's affair, as its routers are."""


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


def server_itself(server_id: str, newest: Newest, project_id: str) -> list[Want]:
    """Return what is read first of a server."""
    path = f"/servers/{_quoted(server_id)}"
    return [
        Want("server", "compute", path, COMPUTE_MICROVERSION),
        Want("server@newest", "compute", path, newest.compute),
        Want("interface", "compute", path + "/os-interface", COMPUTE_MICROVERSION),
        Want("attachments", "compute", path + "/os-volume_attachments", newest.compute),
        ports_of(server_id, project_id),
    ]


def ports_of(server_id: str, project_id: str) -> Want:
    """Return what lists the project's ports on a server, as Nova looks for them itself; a stranger's are not the server's."""
    query = urlencode({"device_id": server_id, "project_id": project_id})
    return Want("ports", "network", "/ports?" + query)


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
        foreign = name.startswith("network/") and not _owned(body["network"], project_id)
        for target, found in references(name.partition("/")[0], body):
            if foreign and target in _OF_ITS_OWNER:
                continue
            if target in _READS and (target != "volume" or chosen(found)):
                yield from _READS[target](found, body, newest)
    yield from _types_by_name(known, newest)
    yield from _routers(known, project_id)
    yield from _forwardings(known, project_id)


def says_nothing(name: str, body: Json) -> bool:
    """Say whether the thing in a document has no members at all."""
    kind = name.partition("/")[0]
    return (body if kind in _BARE else body.get(ENVELOPE[kind])) == {}


def misread(name: str, body: Json) -> str | None:
    """Say what a document lacks that is used of its kind, in words; None when nothing does."""
    kind = name.partition("/")[0]
    thing = body if kind in _BARE else body.get(ENVELOPE[kind])
    if kind not in _ROWS:
        return misshapen(kind, thing)
    if not isinstance(thing, list):
        return f"{ENVELOPE[kind]} is not a list"
    return next((wrong for row in thing if (wrong := misshapen(_ROWS[kind], row))), None)


def lacking(name: str, body: Json) -> Iterator[str]:
    """Yield, a sentence each, what a document should lead to and does not."""
    kind = name.partition("/")[0]
    for target, found in references(kind, body):
        if target not in _READS:
            yield f"{name} names the {target} {found}, which is not in this backup."
    for target in never_empty(kind, body):
        yield f"{name} does not say which {target} it has, so that none is in this backup."
    if any(link.get("rel") == "next" for link in body.get(f"{ENVELOPE[kind]}_links") or ()):
        yield f"{name} is a list that the cloud cut short: what comes after its first page is not in this backup."


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


def _volume_type(type_id: str, volume: Json, newest: Newest) -> list[Want]:
    path = f"/types/{_quoted(type_id)}"
    wants = [Want(f"volume_type/{type_id}", "volume", path, newest.volume)]
    if volume["volume"].get("encrypted"):
        wants.append(Want(f"encryption/{type_id}", "volume", path + "/encryption", newest.volume))
    return wants


def _qos_specs(specs: str, _body: Json, newest: Newest) -> list[Want]:
    return [Want(f"qos_specs/{specs}", "volume", f"/qos-specs/{_quoted(specs)}", newest.volume)]


def _image(image: str, _body: Json, _newest: Newest) -> list[Want]:
    return [Want(f"image/{image}", "image", f"/images/{_quoted(image)}")]


def _port(port: str, _body: Json, _newest: Newest, kind: str = "port") -> list[Want]:
    return [
        Want(f"{kind}/{port}", "network", f"/ports/{_quoted(port)}"),
        Want(f"floatingips/{port}", "network", "/floatingips?" + urlencode({"port_id": port})),
    ]


def _of_neutron(kind: str, collection: str) -> Callable[[str, Json, Newest], list[Want]]:
    return lambda found, _body, _newest: [
        Want(f"{kind}/{found}", "network", f"/{collection}/{_quoted(found)}")
    ]


_READS: dict[str, Callable[[str, Json, Newest], list[Want]]] = {
    "address_group": _of_neutron("address_group", "address-groups"),
    "flavor": _flavor,
    "image": _image,
    "keypair": _keypair,
    "network": _of_neutron("network", "networks"),
    "port": _port,
    "qos_policy": _of_neutron("qos_policy", "qos/policies"),
    "qos_specs": _qos_specs,
    "security_group": _of_neutron("security_group", "security-groups"),
    "server_group": _server_group,
    "subnet": _of_neutron("subnet", "subnets"),
    "subport": partial(_port, kind="subport"),
    "trunk": _of_neutron("trunk", "trunks"),
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


def _routers(known: Known, project_id: str) -> Iterator[Want]:
    """Yield the routers in the server's subnets; on somebody else's network they are that project's affair."""
    subnets = {
        subnet
        for name, body in known.items()
        if not name.startswith("network/")
        for subnet in named(name.partition("/")[0], body, "subnet")
    }
    for name, body in known.items():
        kind, _, network = name.partition("/")
        if kind == "network" and _owned(body["network"], project_id):
            query = urlencode({"network_id": network, "device_owner": ROUTER_PORTS}, doseq=True)
            yield Want(f"router_ports/{network}", "network", "/ports?" + query)
        for port in body["ports"] if kind == "router_ports" else ():
            if not subnets.isdisjoint(named("port", {"port": port}, "subnet")):
                yield Want(f"router/{port['device_id']}", "network", f"/routers/{_quoted(port['device_id'])}")


def _forwardings(known: Known, project_id: str) -> Iterator[Want]:
    """Yield the floating IPs that forward some of their ports to the server's."""
    ports = {port for name in known for kind, _, port in [name.partition("/")] if kind in ("port", "subport")}
    if not ports:
        return
    fields = ("id", "project_id", "port_forwardings")
    query = urlencode({"project_id": project_id, "fields": fields}, doseq=True)
    yield Want("project_floatingips", "network", "/floatingips?" + query)
    for row in known.get("project_floatingips", {}).get("floatingips", ()):
        to = {forwarding.get("internal_port_id") for forwarding in row.get("port_forwardings") or ()}
        if not ports.isdisjoint(to):
            path = f"/floatingips/{_quoted(row['id'])}"
            yield Want(f"floatingip/{row['id']}", "network", path)
            yield Want(f"port_forwardings/{row['id']}", "network", path + "/port_forwardings")


def _owned(thing: Json, project_id: str) -> bool:
    return project_id in (thing.get("project_id"), thing.get("tenant_id"))


def _quoted(name: str) -> str:
    return quote(name, safe="")
