"""Routers."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.addresses import free_address
from opencbr.democloud.network.ports import make_port
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
    listing,
    need,
    need_member,
    need_own,
    select,
)
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick


def make_router(backend: Backend, project_id: str, name: str, external: Doc, inside: list[Doc]) -> Doc:
    """Store a router with a gateway on `external` and an interface in each subnet of `inside`."""
    outer = backend.state.get("subnet", external["subnets"][0])
    assert outer is not None
    address = [{"subnet_id": outer["id"], "ip_address": free_address(backend, outer)}]
    doc: Doc = {"id": new_uuid(), "name": name, "admin_state_up": True, "status": "ACTIVE"}
    gateway: Doc = {"network_id": external["id"], "external_fixed_ips": address, "enable_snat": True}
    doc |= {"external_gateway_info": gateway, "availability_zones": [], "availability_zone_hints": []}
    backend.state.put(
        "router", add_standard_attributes(backend, project_id, doc | {"routes": [], "flavor_id": None})
    )
    owned: Doc = {"device_id": doc["id"], "port_security_enabled": False}
    port = make_port(
        backend, "", external, groups=["none"], **owned | {"device_owner": "network:router_gateway"}
    )
    backend.state.put("port", port | {"fixed_ips": address, "security_groups": []})
    for subnet in inside:
        network = backend.state.get("network", subnet["network_id"])
        assert network is not None
        plugged = owned | {"device_owner": "network:router_interface"}
        port = make_port(backend, project_id, network, groups=["none"], **plugged)
        fixed = [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
        backend.state.put("port", port | {"fixed_ips": fixed, "security_groups": []})
    return doc


def router_view(call: Call, doc: Doc) -> Doc:
    """Show a router; only an admin sees whether it is distributed or highly available."""
    shown = pick(doc, "id", "name", "project_id", "admin_state_up", "status", "external_gateway_info")
    shown |= pick(doc, "description", "availability_zones", "availability_zone_hints")
    if call.is_admin:
        shown |= {"distributed": False, "ha": False}
    shown |= pick(doc, "routes", "flavor_id", "tags", "created_at", "updated_at", "revision_number")
    return shown | pick(doc, "tenant_id")


@ROUTES.on("GET", "/v2.0/routers")
def list_routers(call: Call) -> Response:
    """List routers."""
    return listing(call, "routers", [router_view(call, doc) for doc in select(call, "router")])


@ROUTES.on("GET", "/v2.0/routers/{router}")
def show_router(call: Call) -> Response:
    """Show one router."""
    return Response(body={"router": router_view(call, need(call, "router", call.params["router"]))})


@ROUTES.on("POST", "/v2.0/routers")
def create(call: Call) -> Response:
    """Make a router without a gateway."""
    need_member(call, "create_router")
    body = call.body("router")
    doc: Doc = {"id": new_uuid(), "name": body.get("name", ""), "status": "ACTIVE", "routes": []}
    doc |= {"admin_state_up": body.get("admin_state_up", True), "description": body.get("description", "")}
    doc |= {"external_gateway_info": None, "availability_zones": [], "availability_zone_hints": []}
    doc = add_standard_attributes(call.backend, call.project_id, doc | {"flavor_id": None})
    return Response(201, {"router": router_view(call, call.backend.state.put("router", doc))})


@ROUTES.on("DELETE", "/v2.0/routers/{router}")
def delete(call: Call) -> Response:
    """Delete a router, its gateway with it; refuses (409) one that stands in a subnet."""
    router, state = need_own(call, "router", call.params["router"]), call.backend.state
    ports = state.all("port", device_id=router["id"])
    if any(port["device_owner"] == "network:router_interface" for port in ports):
        raise ApiError(409, f"Router {router['id']} still has ports", "RouterInUse")
    for port in ports:
        state.drop("port", port["id"])
    state.drop("router", router["id"])
    return Response(204)


@ROUTES.on("PUT", "/v2.0/routers/{router}/add_router_interface")
def plug(call: Call) -> Response:
    """Let a router stand in a subnet by a port that nobody has."""
    router, state = need_own(call, "router", call.params["router"]), call.backend.state
    port = need_own(call, "port", str(call.body().get("port_id")))
    if port["device_id"]:
        raise ApiError(409, f"Unable to complete operation on port {port['id']}: it is in use.", "PortInUse")
    owned: Doc = {"device_id": router["id"], "device_owner": "network:router_interface", "status": "ACTIVE"}
    state.put("port", port | owned | {"security_groups": [], "port_security_enabled": False})
    return Response(body=_interface(router, port))


@ROUTES.on("PUT", "/v2.0/routers/{router}/remove_router_interface")
def unplug(call: Call) -> Response:
    """Take a router out of a subnet; the port goes."""
    router, state = need_own(call, "router", call.params["router"]), call.backend.state
    port = state.get("port", str(call.body().get("port_id")))
    if port is None or port["device_id"] != router["id"]:
        message = f"Router {router['id']} does not have an interface with id {call.body().get('port_id')}"
        raise ApiError(404, message, "RouterInterfaceNotFound")
    state.drop("port", port["id"])
    return Response(body=_interface(router, port))


def _interface(router: Doc, port: Doc) -> Doc:
    subnets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    shown: Doc = {"id": router["id"], "tenant_id": router["project_id"], "port_id": port["id"]}
    return shown | {
        "network_id": port["network_id"],
        "subnet_id": subnets[0],
        "subnet_ids": subnets,
        "tags": [],
    }
