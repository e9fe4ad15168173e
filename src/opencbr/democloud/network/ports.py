"""Ports: MAC, addresses, groups, and where they are bound."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.addresses import choose_addresses, wanted_addresses
from opencbr.democloud.network.port_forwardings import drop_forwardings
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
from opencbr.democloud.network.security_groups import default_group
from opencbr.democloud.network.trunks import trunk_details
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick

HOST = "democloud"
_BINDING: Doc = {
    "port_filter": True,
    "ovs_hybrid_plug": False,
    "bridge_name": "br-int",
    "datapath_type": "system",
    "bound_drivers": {"0": HOST},
}
_CHANGEABLE = (
    *("name", "description", "admin_state_up", "security_groups", "allowed_address_pairs", "device_id"),
    *("device_owner", "extra_dhcp_opts", "port_security_enabled", "qos_policy_id"),
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
    network = call.backend.state.get("network", doc["network_id"])
    shown |= pick(doc, "port_security_enabled") | {"qos_policy_id": doc.get("qos_policy_id")}
    shown["qos_network_policy_id"] = network.get("qos_policy_id") if network else None
    shown |= trunk_details(call.backend, doc)
    if call.is_admin:
        shown["resource_request"] = None
    shown |= pick(doc, "tags", "created_at", "updated_at", "revision_number")
    return shown | {"tenant_id": doc["project_id"]}


def make_port(
    backend: Backend,
    project_id: str,
    network: Doc,
    *,
    groups: list[str],
    address: str | None = None,
    mac: str | None = None,
    fixed_ips: list[Doc] | None = None,
    **fields: object,
) -> Doc:
    """Store a port with one address of each subnet, or with `address`; refuses (409) one that is taken."""
    number = backend.state.number("mac")
    made_mac = "fa:16:3e:" + ":".join(f"{number >> shift & 0xFF:02x}" for shift in (16, 8, 0))
    doc: Doc = {"id": new_uuid(), "name": "", "network_id": network["id"], "mac_address": mac or made_mac}
    if mac and backend.state.find("port", network_id=network["id"], mac_address=mac):
        message = (
            f"Unable to complete operation for network {network['id']}. The mac address {mac} is in use."
        )
        raise ApiError(409, message, "MacAddressInUse")
    doc |= {"admin_state_up": True, "status": "DOWN", "device_id": "", "device_owner": "", "plugged": 0}
    doc |= {
        "fixed_ips": choose_addresses(backend, network, address)
        if fixed_ips is None
        else wanted_addresses(backend, network, fixed_ips),
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
    }
    is_open = fields.get("port_security_enabled") is False
    doc["security_groups"] = groups or ([] if is_open else [default_group(backend, project_id)["id"]])
    doc |= {"binding:host_id": "", "port_security_enabled": True}
    return backend.state.put("port", add_standard_attributes(backend, project_id, doc | fields))


def bind_port(backend: Backend, port: Doc, server_id: str, number: int) -> None:
    """Put a port on a server; `number` keeps the order of the interfaces."""
    port |= {"device_id": server_id, "device_owner": "compute:nova", "status": "ACTIVE", "plugged": number}
    backend.state.put("port", port | {"binding:host_id": HOST})


@ROUTES.on("GET", "/v2.0/ports")
def index(call: Call) -> Response:
    """List ports, of a server by `device_id`."""
    return listing(call, "ports", [port_view(call, doc) for doc in select(call, "port")])


@ROUTES.on("GET", "/v2.0/ports/{port}")
def show(call: Call) -> Response:
    """Show one port."""
    return Response(body={"port": port_view(call, need(call, "port", call.params["port"]))})


@ROUTES.on("POST", "/v2.0/ports")
def create(call: Call) -> Response:
    """Create a port, with a wanted MAC and address when they are free."""
    need_member(call, "create_port")
    body = call.body("port")
    network = need(call, "network", str(body.get("network_id")))
    owner = body.get("project_id", call.project_id) if call.is_admin else call.project_id
    for group in body.get("security_groups") or []:
        need(call, "security-group", group)
    extra = {name: body[name] for name in _CHANGEABLE if name in body and name != "security_groups"}
    groups = list(body.get("security_groups") or [])
    mac = body.get("mac_address")
    doc = make_port(
        call.backend, owner, network, groups=groups, mac=mac, fixed_ips=body.get("fixed_ips"), **extra
    )
    if body.get("security_groups") == []:
        doc = call.backend.state.put("port", doc | {"security_groups": []})
    return Response(201, {"port": port_view(call, doc)})


@ROUTES.on("PUT", "/v2.0/ports/{port}")
def change(call: Call) -> Response:
    """Change a port."""
    doc = need_own(call, "port", call.params["port"])
    body = call.body("port")
    for group in body.get("security_groups") or []:
        need(call, "security-group", group)
    doc |= {name: value for name, value in body.items() if name in _CHANGEABLE}
    return Response(
        body={"port": port_view(call, call.backend.state.put("port", bump_revision(call.backend, doc)))}
    )


@ROUTES.on("DELETE", "/v2.0/ports/{port}")
def delete(call: Call) -> Response:
    """Delete a port; one that is a router's, or a trunk's, is refused (409)."""
    doc, state = need_own(call, "port", call.params["port"]), call.backend.state
    if doc["device_owner"].startswith("network:router_"):
        message = f"Port {doc['id']} cannot be deleted directly via the port API: has device owner {doc['device_owner']}."
        raise ApiError(409, message, "ServicePortInUse")
    if trunk := state.find("trunk", port_id=doc["id"]):
        raise ApiError(
            409,
            f"Port {doc['id']} is currently a parent port for trunk {trunk['id']}.",
            "PortInUseAsTrunkParent",
        )
    state.drop("port", doc["id"])
    drop_forwardings(call.backend, doc["id"])
    for row in state.all("floatingip"):
        if row["port_id"] == doc["id"]:
            state.put("floatingip", row | {"port_id": None, "fixed_ip_address": None, "router_id": None})
    return Response(204)
