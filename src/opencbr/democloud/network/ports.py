"""Ports: MAC, addresses, groups, and where they are bound."""

import ipaddress

from opencbr.democloud.network.routes import (
    ROUTES,
    listing,
    need,
    need_member,
    need_own,
    select,
    stamped,
    touched,
)
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.world import World, new_uuid

_BINDING: Doc = {
    "port_filter": True,
    "ovs_hybrid_plug": False,
    "bridge_name": "br-int",
    "datapath_type": "system",
    "bound_drivers": {"0": "democloud"},
}
_CHANGEABLE = (
    *("name", "description", "admin_state_up", "security_groups", "allowed_address_pairs", "device_id"),
    *("device_owner", "extra_dhcp_opts", "port_security_enabled"),
)


def port_view(call: Call, doc: Doc) -> Doc:
    """Show a port; only an admin sees where it is bound."""
    shown = pick(doc, "id", "name", "network_id", "project_id", "mac_address", "admin_state_up", "status")
    shown |= pick(doc, "device_id", "device_owner", "fixed_ips", "allowed_address_pairs", "extra_dhcp_opts")
    shown |= pick(doc, "security_groups", "description") | {"binding:vnic_type": "normal"}
    if call.is_admin:
        bound = bool(doc["binding:host_id"])
        shown |= {"binding:profile": {}, "binding:host_id": doc["binding:host_id"]}
        shown |= {"binding:vif_type": "ovs" if bound else "unbound"}
        shown["binding:vif_details"] = _BINDING if bound else {}
    shown |= pick(doc, "port_security_enabled") | {"qos_policy_id": None, "qos_network_policy_id": None}
    if call.is_admin:
        shown["resource_request"] = None
    shown |= pick(doc, "tags", "created_at", "updated_at", "revision_number")
    return shown | {"tenant_id": doc["project_id"]}


def need_default_group(world: World, project_id: str) -> Doc:
    """Return the project's group `default`, made when first asked for as Neutron does."""
    from opencbr.democloud.network.groups import make_group

    for group in world.state.all("security-group", project_id):
        if group["name"] == "default":
            return group
    return make_group(world, project_id, "default", "Default security group")


def make_port(
    world: World,
    project_id: str,
    network: Doc,
    *,
    groups: list[str],
    address: str | None = None,
    mac: str | None = None,
    **fields: object,
) -> Doc:
    """Store a port with one address of each subnet, or with `address`; refuses (409) one that is taken."""
    number = world.state.number("mac")
    made_mac = "fa:16:3e:" + ":".join(f"{number >> shift & 0xFF:02x}" for shift in (16, 8, 0))
    doc: Doc = {"id": new_uuid(), "name": "", "network_id": network["id"], "mac_address": mac or made_mac}
    if any(p["mac_address"] == mac and p["network_id"] == network["id"] for p in world.state.all("port")):
        message = (
            f"Unable to complete operation for network {network['id']}. The mac address {mac} is in use."
        )
        raise Refusal(409, message, "MacAddressInUse")
    doc |= {"admin_state_up": True, "status": "DOWN", "device_id": "", "device_owner": "", "plugged": 0}
    doc |= {
        "fixed_ips": _addresses(world, network, address),
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
    }
    doc["security_groups"] = groups or [need_default_group(world, project_id)["id"]]
    doc |= {"binding:host_id": "", "port_security_enabled": True}
    return world.state.put("port", stamped(world, project_id, doc | fields))


def _taken(world: World, network_id: str) -> set[str]:
    ports = [port for port in world.state.all("port") if port["network_id"] == network_id]
    used = {fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]}
    floating = [row for row in world.state.all("floatingip") if row["floating_network_id"] == network_id]
    return used | {row["floating_ip_address"] for row in floating}


def free_address(world: World, subnet: Doc, wanted: str | None = None) -> str:
    """Return `wanted` or the next free address of the subnet; refuses (409) when there is none."""
    taken = _taken(world, subnet["network_id"]) | {subnet["gateway_ip"]}
    if wanted:
        if ipaddress.ip_address(wanted) not in ipaddress.ip_network(subnet["cidr"]):
            raise Refusal(
                400, f"IP address {wanted} is not a valid IP for the specified subnet.", "InvalidIpForSubnet"
            )
        if wanted in taken:
            message = f"IP address {wanted} already allocated in subnet {subnet['id']}"
            raise Refusal(409, message, "IpAddressAlreadyAllocated")
        return wanted
    for host in ipaddress.ip_network(subnet["cidr"]).hosts():
        if str(host) not in taken and int(host) & 0xFF > 9:  # noqa: PLR2004 - low addresses stay for gateways
            return str(host)
    message = f"No more IP addresses available on network {subnet['network_id']}."
    raise Refusal(409, message, "IpAddressGenerationFailure")


def _addresses(world: World, network: Doc, wanted: str | None) -> list[Doc]:
    subnets = [s for id_ in network["subnets"] if (s := world.state.get("subnet", id_))]
    if wanted:
        inside = [s for s in subnets if ipaddress.ip_address(wanted) in ipaddress.ip_network(s["cidr"])]
        if not inside:
            message = (
                f"IP address {wanted} is not a valid IP for any of the subnets on the specified network."
            )
            raise Refusal(400, message, "InvalidIpForNetwork")
        subnets = inside
    return [{"subnet_id": s["id"], "ip_address": free_address(world, s, wanted)} for s in subnets]


@ROUTES.on("GET", "/v2.0/ports")
def index(call: Call) -> Answer:
    """List ports, of a server by `device_id`."""
    return listing(call, "ports", [port_view(call, doc) for doc in select(call, "port")])


@ROUTES.on("GET", "/v2.0/ports/{port}")
def show(call: Call) -> Answer:
    """Show one port."""
    return Answer(body={"port": port_view(call, need(call, "port", call.params["port"]))})


@ROUTES.on("POST", "/v2.0/ports")
def create(call: Call) -> Answer:
    """Make a port, with a wanted MAC and address when they are free."""
    need_member(call, "create_port")
    body = call.body("port")
    network = need(call, "network", str(body.get("network_id")))
    address = next((f["ip_address"] for f in body.get("fixed_ips") or [] if f.get("ip_address")), None)
    owner = body.get("project_id", call.project_id) if call.is_admin else call.project_id
    for group in body.get("security_groups") or []:
        need(call, "security-group", group)
    extra = {name: body[name] for name in _CHANGEABLE if name in body and name != "security_groups"}
    groups = list(body.get("security_groups") or [])
    mac = body.get("mac_address")
    doc = make_port(call.world, owner, network, groups=groups, address=address, mac=mac, **extra)
    return Answer(201, {"port": port_view(call, doc)})


@ROUTES.on("PUT", "/v2.0/ports/{port}")
def change(call: Call) -> Answer:
    """Change a port."""
    doc = need_own(call, "port", call.params["port"])
    body = call.body("port")
    for group in body.get("security_groups") or []:
        need(call, "security-group", group)
    doc |= {name: value for name, value in body.items() if name in _CHANGEABLE}
    return Answer(body={"port": port_view(call, call.world.state.put("port", touched(call.world, doc)))})


@ROUTES.on("DELETE", "/v2.0/ports/{port}")
def delete(call: Call) -> Answer:
    """Forget a port."""
    call.world.state.drop("port", need_own(call, "port", call.params["port"])["id"])
    return Answer(204)
