"""Floating IPs: an address of the external network that follows a port."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.addresses import free_address
from opencbr.democloud.network.port_forwardings import forwardings_of, in_short, routers_in
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


def make_floating(backend: Backend, project_id: str, external: Doc, address: str | None = None) -> Doc:
    """Store a floating IP without a port; refuses (409) a wanted address that is taken."""
    subnet = backend.state.get("subnet", external["subnets"][0])
    assert subnet is not None
    doc: Doc = {"id": new_uuid(), "floating_ip_address": free_address(backend, subnet, address)}
    doc |= {"floating_network_id": external["id"], "router_id": None, "port_id": None}
    return backend.state.put(
        "floatingip",
        add_standard_attributes(backend, project_id, doc | {"fixed_ip_address": None, "status": "DOWN"}),
    )


def associate(backend: Backend, doc: Doc, port: Doc | None) -> Doc:
    """Associate a floating IP with a port, or with none."""
    new: Doc = {"port_id": None, "fixed_ip_address": None, "router_id": None}
    if port:
        subnet_id = port["fixed_ips"][0]["subnet_id"]
        routers = routers_in(backend, subnet_id)
        if not routers:
            message = (
                f"External network {doc['floating_network_id']} is not reachable from subnet {subnet_id}."
            )
            raise ApiError(404, message, "ExternalGatewayForFloatingIPNotFound")
        new = {"port_id": port["id"], "fixed_ip_address": port["fixed_ips"][0]["ip_address"]}
        new["router_id"] = routers[0]
    return backend.state.put("floatingip", bump_revision(backend, doc | new))


def _view(call: Call, doc: Doc) -> Doc:
    shown = pick(doc, "id", "tenant_id", "project_id", "floating_ip_address", "floating_network_id")
    shown |= pick(doc, "router_id", "port_id", "fixed_ip_address", "status", "description")
    shown["qos_policy_id"] = doc.get("qos_policy_id")
    port = call.backend.state.get("port", doc["port_id"]) if doc["port_id"] else None
    names = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
    shown["port_details"] = pick(port, *names) if port else None
    shown["port_forwardings"] = [in_short(one) for one in forwardings_of(call.backend, doc)]
    return shown | pick(doc, "tags", "created_at", "updated_at", "revision_number")


@ROUTES.on("GET", "/v2.0/floatingips")
def index(call: Call) -> Response:
    """List floating IPs, of a port by `port_id`."""
    return listing(call, "floatingips", [_view(call, doc) for doc in select(call, "floatingip")])


@ROUTES.on("GET", "/v2.0/floatingips/{floating}")
def show(call: Call) -> Response:
    """Show one floating IP."""
    return Response(body={"floatingip": _view(call, need(call, "floatingip", call.params["floating"]))})


@ROUTES.on("POST", "/v2.0/floatingips")
def create(call: Call) -> Response:
    """Create a floating IP, and associate it with a port when one is named."""
    need_member(call, "create_floatingip")
    body = call.body("floatingip")
    external = need(call, "network", str(body.get("floating_network_id")))
    if not external["router:external"]:
        message = f"Bad floatingip request: Network {external['id']} is not a valid external network."
        raise ApiError(400, message, "BadRequest")
    doc = make_floating(call.backend, call.project_id, external, body.get("floating_ip_address"))
    if body.get("description"):
        doc = call.backend.state.put("floatingip", doc | {"description": body["description"]})
    if body.get("port_id"):
        doc = associate(call.backend, doc, need(call, "port", body["port_id"]))
    return Response(201, {"floatingip": _view(call, doc)})


@ROUTES.on("PUT", "/v2.0/floatingips/{floating}")
def change(call: Call) -> Response:
    """Associate a floating IP with another port, or with none (`port_id` null)."""
    doc, body = need_own(call, "floatingip", call.params["floating"]), call.body("floatingip")
    if body.get("port_id") and forwardings_of(call.backend, doc):
        message = f"Floating IP {doc['id']} in use by Port Forwarding resources."
        raise ApiError(409, message, "FipInUseByPortForwarding")
    if "port_id" in body:
        doc = associate(call.backend, doc, need(call, "port", body["port_id"]) if body["port_id"] else None)
    changed = {name: body[name] for name in ("description", "qos_policy_id") if name in body}
    if changed:
        doc = call.backend.state.put("floatingip", doc | changed)
    return Response(body={"floatingip": _view(call, doc)})


@ROUTES.on("DELETE", "/v2.0/floatingips/{floating}")
def delete(call: Call) -> Response:
    """Delete a floating IP."""
    call.backend.state.drop("floatingip", need_own(call, "floatingip", call.params["floating"])["id"])
    return Response(204)
