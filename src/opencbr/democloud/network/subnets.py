"""Subnets."""

import ipaddress

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
    bump_revision,
    listing,
    need,
    need_own,
    select,
)
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc, pick


def make_subnet(backend: Backend, network: Doc, name: str, cidr: str, *, dns: tuple[str, ...] = ()) -> Doc:
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
    backend.state.put("network", bump_revision(backend, network))
    return backend.state.put("subnet", add_standard_attributes(backend, network["project_id"], doc))


def subnet_view(doc: Doc) -> Doc:
    """Show a subnet."""
    shown = pick(doc, "id", "name", "project_id", "network_id", "ip_version", "subnetpool_id", "enable_dhcp")
    shown |= pick(doc, "ipv6_ra_mode", "ipv6_address_mode", "gateway_ip", "cidr", "allocation_pools")
    shown |= pick(doc, "host_routes", "dns_nameservers", "description", "router:external", "service_types")
    return shown | pick(doc, "tags", "created_at", "updated_at", "revision_number", "tenant_id")


@ROUTES.on("GET", "/v2.0/subnets")
def list_subnets(call: Call) -> Response:
    """List subnets."""
    return listing(call, "subnets", [subnet_view(doc) for doc in select(call, "subnet")])


@ROUTES.on("GET", "/v2.0/subnets/{subnet}")
def show_subnet(call: Call) -> Response:
    """Show one subnet."""
    return Response(body={"subnet": subnet_view(need(call, "subnet", call.params["subnet"]))})


@ROUTES.on("POST", "/v2.0/subnets")
def create_subnet(call: Call) -> Response:
    """Create a subnet."""
    body = call.body("subnet")
    network = need_own(call, "network", str(body.get("network_id")))
    dns = tuple(body.get("dns_nameservers") or ())
    doc = make_subnet(call.backend, network, body.get("name", ""), body["cidr"], dns=dns)
    named = ("gateway_ip", "enable_dhcp", "allocation_pools", "host_routes", "description", "ip_version")
    doc = call.backend.state.put("subnet", doc | {name: body[name] for name in named if name in body})
    return Response(201, {"subnet": subnet_view(doc)})


@ROUTES.on("PUT", "/v2.0/subnets/{subnet}")
def change_subnet(call: Call) -> Response:
    """Rename or describe a subnet."""
    doc, body = need_own(call, "subnet", call.params["subnet"]), call.body("subnet")
    changed = {name: body[name] for name in ("name", "description") if name in body}
    doc = call.backend.state.put("subnet", bump_revision(call.backend, doc | changed))
    return Response(body={"subnet": subnet_view(doc)})


@ROUTES.on("DELETE", "/v2.0/subnets/{subnet}")
def delete_subnet(call: Call) -> Response:
    """Delete a subnet."""
    doc, state = need_own(call, "subnet", call.params["subnet"]), call.backend.state
    network = state.get("network", doc["network_id"])
    if network:
        left = [one for one in network["subnets"] if one != doc["id"]]
        state.put("network", bump_revision(call.backend, network | {"subnets": left}))
    state.drop("subnet", doc["id"])
    return Response(204)
