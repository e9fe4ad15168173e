"""Networks, subnets and routers."""

import ipaddress

from opencbr.democloud.network.ports import free_address, make_port
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


def make_network(
    world: World, project_id: str, name: str, *, external: bool = False, shared: bool = False
) -> Doc:
    """Store a network."""
    doc: Doc = {"id": new_uuid(), "name": name, "admin_state_up": True, "mtu": 1500 if external else 1450}
    doc |= {"status": "ACTIVE", "subnets": [], "shared": shared, "availability_zone_hints": []}
    doc |= {"availability_zones": [], "ipv4_address_scope": None, "ipv6_address_scope": None}
    doc |= {"router:external": external, "port_security_enabled": True}
    doc |= {"segment": 1000 + world.state.number("segment")}
    return world.state.put("network", stamped(world, project_id, doc))


def network_view(call: Call, doc: Doc) -> Doc:
    """Show a network; only an admin sees the provider's side."""
    shown = pick(doc, "id", "name", "tenant_id", "project_id", "admin_state_up", "mtu", "status", "subnets")
    shown |= pick(doc, "shared", "availability_zone_hints", "availability_zones", "ipv4_address_scope")
    shown |= pick(doc, "ipv6_address_scope", "router:external", "description")
    shown |= pick(doc, "port_security_enabled") | {"qos_policy_id": None}
    if doc["router:external"]:
        shown["is_default"] = False
    shown |= pick(doc, "tags", "created_at", "updated_at", "revision_number")
    if call.is_admin:
        flat = doc["router:external"]
        shown |= {"provider:network_type": "flat" if flat else "vxlan"}
        shown |= {"provider:physical_network": "public" if flat else None}
        shown["provider:segmentation_id"] = None if flat else doc["segment"]
    return shown


def make_subnet(world: World, network: Doc, name: str, cidr: str, *, dns: tuple[str, ...] = ()) -> Doc:
    """Store a subnet whose first address is the gateway."""
    hosts = list(ipaddress.ip_network(cidr).hosts())
    doc: Doc = {"id": new_uuid(), "name": name, "network_id": network["id"], "ip_version": 4}
    doc |= {"subnetpool_id": None, "enable_dhcp": not network["router:external"], "ipv6_ra_mode": None}
    doc |= {"ipv6_address_mode": None, "gateway_ip": str(hosts[0]), "cidr": cidr, "host_routes": []}
    doc |= {
        "allocation_pools": [{"start": str(hosts[1]), "end": str(hosts[-1])}],
        "dns_nameservers": list(dns),
    }
    doc |= {"router:external": network["router:external"], "service_types": []}
    network["subnets"] = [*network["subnets"], doc["id"]]
    world.state.put("network", touched(world, network))
    return world.state.put("subnet", stamped(world, network["project_id"], doc))


def subnet_view(doc: Doc) -> Doc:
    """Show a subnet."""
    shown = pick(doc, "id", "name", "project_id", "network_id", "ip_version", "subnetpool_id", "enable_dhcp")
    shown |= pick(doc, "ipv6_ra_mode", "ipv6_address_mode", "gateway_ip", "cidr", "allocation_pools")
    shown |= pick(doc, "host_routes", "dns_nameservers", "description", "router:external", "service_types")
    return shown | pick(doc, "tags", "created_at", "updated_at", "revision_number", "tenant_id")


def make_router(world: World, project_id: str, name: str, external: Doc, inside: list[Doc]) -> Doc:
    """Store a router with a gateway on `external` and an interface in each subnet of `inside`."""
    outer = world.state.get("subnet", external["subnets"][0])
    assert outer is not None
    address = [{"subnet_id": outer["id"], "ip_address": free_address(world, outer)}]
    doc: Doc = {"id": new_uuid(), "name": name, "admin_state_up": True, "status": "ACTIVE"}
    gateway: Doc = {"network_id": external["id"], "external_fixed_ips": address, "enable_snat": True}
    doc |= {"external_gateway_info": gateway, "availability_zones": [], "availability_zone_hints": []}
    world.state.put("router", stamped(world, project_id, doc | {"routes": [], "flavor_id": None}))
    owned: Doc = {"device_id": doc["id"], "port_security_enabled": False}
    port = make_port(
        world, "", external, groups=["none"], **owned | {"device_owner": "network:router_gateway"}
    )
    world.state.put("port", port | {"fixed_ips": address, "security_groups": []})
    for subnet in inside:
        network = world.state.get("network", subnet["network_id"])
        assert network is not None
        plugged = owned | {"device_owner": "network:router_interface"}
        port = make_port(world, project_id, network, groups=["none"], **plugged)
        fixed = [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
        world.state.put("port", port | {"fixed_ips": fixed, "security_groups": []})
    return doc


def router_view(call: Call, doc: Doc) -> Doc:
    """Show a router; only an admin sees whether it is spread over hosts."""
    shown = pick(doc, "id", "name", "project_id", "admin_state_up", "status", "external_gateway_info")
    shown |= pick(doc, "description", "availability_zones", "availability_zone_hints")
    if call.is_admin:
        shown |= {"distributed": False, "ha": False}
    shown |= pick(doc, "routes", "flavor_id", "tags", "created_at", "updated_at", "revision_number")
    return shown | pick(doc, "tenant_id")


@ROUTES.on("GET", "/v2.0/networks")
def list_networks(call: Call) -> Answer:
    """List networks: the project's, shared and external ones."""
    return listing(call, "networks", [network_view(call, doc) for doc in select(call, "network")])


@ROUTES.on("GET", "/v2.0/networks/{network}")
def show_network(call: Call) -> Answer:
    """Show one network."""
    return Answer(body={"network": network_view(call, need(call, "network", call.params["network"]))})


@ROUTES.on("POST", "/v2.0/networks")
def create_network(call: Call) -> Answer:
    """Make a network."""
    need_member(call, "create_network")
    body = call.body("network")
    external = bool(body.get("router:external")) and call.is_admin
    doc = make_network(
        call.world, call.project_id, body.get("name", ""), external=external, shared=bool(body.get("shared"))
    )
    return Answer(201, {"network": network_view(call, doc)})


@ROUTES.on("DELETE", "/v2.0/networks/{network}")
def delete_network(call: Call) -> Answer:
    """Forget a network without ports."""
    doc, state = need_own(call, "network", call.params["network"]), call.world.state
    if any(port["network_id"] == doc["id"] for port in state.all("port")):
        message = f"Unable to complete operation on network {doc['id']}."
        more = " There are one or more ports still in use on the network."
        raise Refusal(409, message + more, "NetworkInUse")
    for subnet in doc["subnets"]:
        state.drop("subnet", subnet)
    state.drop("network", doc["id"])
    return Answer(204)


@ROUTES.on("GET", "/v2.0/subnets")
def list_subnets(call: Call) -> Answer:
    """List subnets."""
    return listing(call, "subnets", [subnet_view(doc) for doc in select(call, "subnet")])


@ROUTES.on("GET", "/v2.0/subnets/{subnet}")
def show_subnet(call: Call) -> Answer:
    """Show one subnet."""
    return Answer(body={"subnet": subnet_view(need(call, "subnet", call.params["subnet"]))})


@ROUTES.on("POST", "/v2.0/subnets")
def create_subnet(call: Call) -> Answer:
    """Make a subnet."""
    body = call.body("subnet")
    network = need_own(call, "network", str(body.get("network_id")))
    dns = tuple(body.get("dns_nameservers") or ())
    return Answer(
        201,
        {
            "subnet": subnet_view(
                make_subnet(call.world, network, body.get("name", ""), body["cidr"], dns=dns)
            )
        },
    )


@ROUTES.on("GET", "/v2.0/routers")
def list_routers(call: Call) -> Answer:
    """List routers."""
    return listing(call, "routers", [router_view(call, doc) for doc in select(call, "router")])


@ROUTES.on("GET", "/v2.0/routers/{router}")
def show_router(call: Call) -> Answer:
    """Show one router."""
    return Answer(body={"router": router_view(call, need(call, "router", call.params["router"]))})
