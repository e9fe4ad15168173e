"""Routers."""

import ipaddress

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.addresses import free_address
from opencbr.democloud.network.port_forwardings import forwardings_of
from opencbr.democloud.network.ports import make_port
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
    bump_revision,
    listing,
    need,
    need_member,
    need_own,
    select,
)
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick

_INTERFACE = "network:router_interface"


def make_router(
    backend: Backend, project_id: str, name: str, external: Doc | None, inside: list[Doc], **fields: object
) -> Doc:
    """Store a router with a gateway on `external`, if any, and an interface in each subnet of `inside`."""
    doc: Doc = {"id": new_uuid(), "name": name, "admin_state_up": True, "status": "ACTIVE"}
    doc |= {"external_gateway_info": None, "availability_zones": [], "availability_zone_hints": []}
    doc |= {"routes": [], "flavor_id": None} | fields
    if external is not None:
        doc["external_gateway_info"] = _open_gateway(backend, doc["id"], external)
    doc = backend.state.put("router", add_standard_attributes(backend, project_id, doc))
    for subnet in inside:
        _stand_in(backend, doc, subnet)
    return doc


def _stand_in(backend: Backend, router: Doc, subnet: Doc) -> Doc:
    """Store the port by which a router stands in a subnet; refuses (409) where its gateway address is taken."""
    network = backend.state.get("network", subnet["network_id"])
    assert network is not None
    owned: Doc = {"device_id": router["id"], "device_owner": _INTERFACE, "port_security_enabled": False}
    fixed = [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
    port = make_port(backend, router["project_id"], network, groups=["none"], fixed_ips=fixed, **owned)
    return backend.state.put("port", port | {"security_groups": [], "status": "ACTIVE"})


def _open_gateway(backend: Backend, router_id: str, external: Doc) -> Doc:
    outer = backend.state.get("subnet", external["subnets"][0])
    assert outer is not None
    address = [{"subnet_id": outer["id"], "ip_address": free_address(backend, outer)}]
    owned: Doc = {"device_id": router_id, "device_owner": "network:router_gateway"}
    port = make_port(backend, "", external, groups=["none"], **owned | {"port_security_enabled": False})
    backend.state.put("port", port | {"fixed_ips": address, "security_groups": []})
    return {"network_id": external["id"], "external_fixed_ips": address, "enable_snat": True}


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
def create_router(call: Call) -> Response:
    """Create a router, with a gateway where one is asked for."""
    need_member(call, "create_router")
    body = call.body("router")
    gateway = body.get("external_gateway_info") or {}
    admins_alone = [name for name in ("enable_snat", "external_fixed_ips") if name in gateway]
    if admins_alone and not call.is_admin:
        rule = "(rule:create_router and rule:create_router:external_gateway_info)"
        raise ApiError(403, f"{rule} is disallowed by policy", "PolicyNotAuthorized")
    external = need(call, "network", gateway["network_id"]) if gateway else None
    named = ("description", "admin_state_up", "availability_zone_hints")
    fields = {name: body[name] for name in named if name in body}
    doc = make_router(call.backend, call.project_id, body.get("name", ""), external, [], **fields)
    return Response(201, {"router": router_view(call, doc)})


@ROUTES.on("PUT", "/v2.0/routers/{router}")
def change_router(call: Call) -> Response:
    """Rename or describe a router, or set its routes, whose next hops lie in its subnets."""
    doc, body = need_own(call, "router", call.params["router"]), call.body("router")
    for route in body.get("routes") or ():
        if not any(_is_in(route["nexthop"], subnet) for subnet in _subnets_of(call.backend, doc)):
            message = (
                f"Invalid format for routes: {body['routes']}, the nexthop is not connected with router."
            )
            raise ApiError(400, message, "InvalidRoutes")
    named = ("name", "description", "admin_state_up", "routes")
    changed = {name: body[name] for name in named if name in body}
    doc = call.backend.state.put("router", bump_revision(call.backend, doc | changed))
    return Response(body={"router": router_view(call, doc)})


@ROUTES.on("DELETE", "/v2.0/routers/{router}")
def delete_router(call: Call) -> Response:
    """Delete a router that stands in no subnet; its gateway goes with it."""
    doc, state = need_own(call, "router", call.params["router"]), call.backend.state
    ports = state.all("port", device_id=doc["id"])
    if any(port["device_owner"] == _INTERFACE for port in ports):
        raise ApiError(409, f"Router {doc['id']} still has ports", "RouterInUse")
    for port in ports:
        state.drop("port", port["id"])
    state.drop("router", doc["id"])
    return Response(204)


def _subnets_of(backend: Backend, router: Doc) -> list[Doc]:
    ports = backend.state.all("port", device_id=router["id"])
    ids = [fixed["subnet_id"] for port in ports for fixed in port["fixed_ips"]]
    return [subnet for one in ids if (subnet := backend.state.get("subnet", one))]


def _is_in(address: str, subnet: Doc) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(subnet["cidr"])


@ROUTES.on("PUT", "/v2.0/routers/{router}/add_router_interface")
def plug(call: Call) -> Response:
    """Let a router stand in a subnet, at its gateway address or by a port that nobody has."""
    router, state = need_own(call, "router", call.params["router"]), call.backend.state
    if "subnet_id" in call.body():
        return Response(
            body=_interface(
                router, _stand_in(call.backend, router, need(call, "subnet", call.body()["subnet_id"]))
            )
        )
    port = need_own(call, "port", str(call.body().get("port_id")))
    if port["device_id"]:
        raise ApiError(409, f"Unable to complete operation on port {port['id']}: it is in use.", "PortInUse")
    owned: Doc = {"device_id": router["id"], "device_owner": _INTERFACE, "status": "ACTIVE"}
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
    _refuse_in_use(call.backend, router, port)
    state.drop("port", port["id"])
    return Response(body=_interface(router, port))


def _refuse_in_use(backend: Backend, router: Doc, port: Doc) -> None:
    """Refuse (409) to take a router out of a subnet that its routes lead through, or floating IPs come by."""
    ids = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    subnets = [subnet for one in ids if (subnet := backend.state.get("subnet", one))]
    start = f"Router interface for subnet {ids[0]} on router {router['id']} cannot be deleted, as it is required by one or more"
    if any(_is_in(route["nexthop"], subnet) for route in router["routes"] for subnet in subnets):
        raise ApiError(409, f"{start} routes.", "RouterInterfaceInUseByRoute")
    leading = [row for row in backend.state.all("floatingip") if row["router_id"] == router["id"]]
    inside = [row["fixed_ip_address"] for row in leading]
    inside += [one["internal_ip_address"] for row in leading for one in forwardings_of(backend, row)]
    if any(_is_in(address, subnet) for address in inside if address for subnet in subnets):
        raise ApiError(409, f"{start} floating IPs.", "RouterInterfaceInUseByFloatingIP")


def _interface(router: Doc, port: Doc) -> Doc:
    subnets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    shown: Doc = {"id": router["id"], "tenant_id": router["project_id"], "port_id": port["id"]}
    return shown | {
        "network_id": port["network_id"],
        "subnet_id": subnets[0],
        "subnet_ids": subnets,
        "tags": [],
    }
