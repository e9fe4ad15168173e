"""Networks."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
    bump_revision,
    listing,
    need,
    need_member,
    need_own,
    select,
    shared_with,
)
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick


def make_network(
    backend: Backend, project_id: str, name: str, *, external: bool = False, shared: bool = False
) -> Doc:
    """Store a network."""
    doc: Doc = {"id": new_uuid(), "name": name, "admin_state_up": True, "mtu": 1500 if external else 1450}
    doc |= {"status": "ACTIVE", "subnets": [], "shared": shared, "availability_zone_hints": []}
    doc |= {"availability_zones": [], "ipv4_address_scope": None, "ipv6_address_scope": None}
    doc |= {"router:external": external, "port_security_enabled": True}
    doc |= {"segment": 1000 + backend.state.number("segment")}
    return backend.state.put("network", add_standard_attributes(backend, project_id, doc))


def network_view(call: Call, doc: Doc) -> Doc:
    """Show a network; only an admin sees its provider attributes."""
    shown = pick(doc, "id", "name", "tenant_id", "project_id", "admin_state_up", "mtu", "status", "subnets")
    shown |= {"shared": shared_with(call, doc)}
    shown |= pick(doc, "availability_zone_hints", "availability_zones", "ipv4_address_scope")
    shown |= pick(doc, "ipv6_address_scope", "router:external", "description")
    shown |= pick(doc, "port_security_enabled") | {"qos_policy_id": doc.get("qos_policy_id")}
    if doc["router:external"]:
        shown["is_default"] = False
    shown |= pick(doc, "tags", "created_at", "updated_at", "revision_number")
    if call.is_admin:
        flat = doc["router:external"]
        shown |= {"provider:network_type": "flat" if flat else "vxlan"}
        shown |= {"provider:physical_network": "public" if flat else None}
        shown["provider:segmentation_id"] = None if flat else doc["segment"]
    return shown


@ROUTES.on("GET", "/v2.0/networks")
def list_networks(call: Call) -> Response:
    """List networks: the project's, shared and external ones."""
    return listing(call, "networks", [network_view(call, doc) for doc in select(call, "network")])


@ROUTES.on("GET", "/v2.0/networks/{network}")
def show_network(call: Call) -> Response:
    """Show one network."""
    return Response(body={"network": network_view(call, need(call, "network", call.params["network"]))})


@ROUTES.on("POST", "/v2.0/networks")
def create_network(call: Call) -> Response:
    """Create a network."""
    need_member(call, "create_network")
    body = call.body("network")
    external = bool(body.get("router:external")) and call.is_admin
    doc = make_network(
        call.backend,
        call.project_id,
        body.get("name", ""),
        external=external,
        shared=bool(body.get("shared")),
    )
    named = ("description", "admin_state_up", "port_security_enabled", "availability_zone_hints")
    doc = call.backend.state.put("network", doc | {name: body[name] for name in named if name in body})
    if body.get("qos_policy_id"):
        policy = need(call, "qos-policy", body["qos_policy_id"])
        doc = call.backend.state.put("network", doc | {"qos_policy_id": policy["id"]})
    return Response(201, {"network": network_view(call, doc)})


@ROUTES.on("PUT", "/v2.0/networks/{network}")
def change_network(call: Call) -> Response:
    """Rename or describe a network."""
    doc, body = need_own(call, "network", call.params["network"]), call.body("network")
    changed = {name: body[name] for name in ("name", "description", "admin_state_up") if name in body}
    doc = call.backend.state.put("network", bump_revision(call.backend, doc | changed))
    return Response(body={"network": network_view(call, doc)})


@ROUTES.on("DELETE", "/v2.0/networks/{network}")
def delete_network(call: Call) -> Response:
    """Delete a network without ports."""
    doc, state = need_own(call, "network", call.params["network"]), call.backend.state
    if any(port["network_id"] == doc["id"] for port in state.all("port")):
        message = f"Unable to complete operation on network {doc['id']}."
        more = " There are one or more ports still in use on the network."
        raise ApiError(409, message + more, "NetworkInUse")
    for subnet in doc["subnets"]:
        state.drop("subnet", subnet)
    state.drop("network", doc["id"])
    return Response(204)
