"""Routers."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.addresses import free_address
from opencbr.democloud.network.ports import make_port
from opencbr.democloud.network.routes import ROUTES, add_standard_attributes, listing, need, select
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
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
