"""Port forwardings: a floating IP without a port of its own gives single ones of its ports to ports inside."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import ROUTES, need, need_own
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick

_SHORT = ("id", "protocol", "internal_ip_address", "internal_port_id", "internal_port", "external_port")


def forwardings_of(backend: Backend, floating: Doc) -> list[Doc]:
    """Return the forwardings of a floating IP."""
    found = backend.state.all("port-forwarding", floating["project_id"])
    return [doc for doc in found if doc["floatingip_id"] == floating["id"]]


def drop_forwardings(backend: Backend, port_id: str) -> None:
    """Delete the forwardings to a port that goes; a floating IP that has no other comes by no router any more."""
    for doc in [one for one in backend.state.all("port-forwarding") if one["internal_port_id"] == port_id]:
        backend.state.drop("port-forwarding", doc["id"])
        floating = backend.state.get("floatingip", doc["floatingip_id"])
        if floating is not None and not forwardings_of(backend, floating):
            backend.state.put("floatingip", floating | {"router_id": None})


def routers_in(backend: Backend, subnet_id: str) -> list[str]:
    """Return the ids of the routers with an interface in a subnet."""
    interfaces = [p for p in backend.state.all("port") if p["device_owner"] == "network:router_interface"]
    return [p["device_id"] for p in interfaces if p["fixed_ips"][0]["subnet_id"] == subnet_id]


def in_short(doc: Doc) -> Doc:
    """Show a forwarding as the floating IP does."""
    return pick(doc, *_SHORT)


def _view(doc: Doc) -> Doc:
    shown = pick(doc, "id", "external_port")
    shown["external_port_range"] = f"{doc['external_port']}:{doc['external_port']}"
    shown |= pick(doc, "protocol", "internal_port_id", "internal_ip_address", "internal_port")
    shown["internal_port_range"] = f"{doc['internal_port']}:{doc['internal_port']}"
    return shown | pick(doc, "description")


@ROUTES.on("GET", "/v2.0/floatingips/{floating}/port_forwardings")
def index(call: Call) -> Response:
    """List the forwardings of a floating IP."""
    floating = need(call, "floatingip", call.params["floating"])
    return Response(body={"port_forwardings": [_view(d) for d in forwardings_of(call.backend, floating)]})


@ROUTES.on("POST", "/v2.0/floatingips/{floating}/port_forwardings")
def create(call: Call) -> Response:
    """Forward a port of a floating IP."""
    floating = need_own(call, "floatingip", call.params["floating"])
    body = call.body("port_forwarding")
    port = need_own(call, "port", body["internal_port_id"])
    for other in forwardings_of(call.backend, floating):
        if (other["protocol"], other["external_port"]) == (body["protocol"], body["external_port"]):
            message = "Bad port_forwarding request: There is a port collision with the external_port_range."
            raise ApiError(400, message, "BadRequest")
    doc: Doc = {"id": new_uuid(), "floatingip_id": floating["id"], "project_id": floating["project_id"]}
    doc |= pick(body, "external_port", "internal_port", "protocol", "internal_ip_address")
    doc |= {"internal_port_id": port["id"], "description": body.get("description", "")}
    call.backend.state.put("port-forwarding", doc)
    routers = routers_in(call.backend, port["fixed_ips"][0]["subnet_id"])
    call.backend.state.put("floatingip", floating | {"router_id": next(iter(routers), None)})
    return Response(201, {"port_forwarding": _view(doc)})


@ROUTES.on("DELETE", "/v2.0/floatingips/{floating}/port_forwardings/{forwarding}")
def delete(call: Call) -> Response:
    """Delete a forwarding."""
    need_own(call, "floatingip", call.params["floating"])
    call.backend.state.drop("port-forwarding", call.params["forwarding"])
    return Response(204)
