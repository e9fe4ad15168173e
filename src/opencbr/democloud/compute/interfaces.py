"""Interfaces and security groups of a server, as Nova shows Neutron's ports."""

from opencbr.democloud.compute.routes import ROUTES, SERVER, need_member, need_server, need_unlocked
from opencbr.democloud.compute.views import ports_of
from opencbr.democloud.network.ports import bind_port, make_port
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick


def _view(call: Call, port: Doc) -> Doc:
    shown: Doc = {"net_id": port["network_id"], "port_id": port["id"], "mac_addr": port["mac_address"]}
    shown |= {"port_state": port["status"], "fixed_ips": port["fixed_ips"]}
    return shown | ({"tag": None} if call.at_least("2.70") else {})


@ROUTES.on("GET", SERVER + "/os-interface")
def index(call: Call) -> Response:
    """List the interfaces: to an administrator all ports that bear the server's id, whoever wrote it into them.

    Nova asks Neutron for them, and they come in the order of their ids.
    """
    server = need_server(call)
    others = [
        port
        for port in call.backend.state.all("port", device_id=server["id"])
        if call.is_admin and port["project_id"] != server["project_id"]
    ]
    ports = sorted((*ports_of(call, server), *others), key=lambda port: str(port["id"]))
    found = [_view(call, port) for port in ports]
    return Response(body={"interfaceAttachments": found})


@ROUTES.on("POST", SERVER + "/os-interface")
def create(call: Call) -> Response:
    """Attach a port, or one created on a network."""
    need_member(call, "os_compute_api:os-attach-interfaces:create")
    server, body, state = need_server(call), call.body("interfaceAttachment"), call.backend.state
    need_unlocked(call, server)
    number = len(ports_of(call, server)) + 1
    if body.get("port_id"):
        port = state.get("port", body["port_id"])
        if port is None or not call.owns(port):
            raise ApiError(404, f"Port {body['port_id']} could not be found.")
        if port["device_id"]:
            raise ApiError(400, f"Port {port['id']} is still in use.")
    else:
        network = state.get("network", str(body.get("net_id")))
        if network is None:
            raise ApiError(404, f"Network {body.get('net_id')} could not be found.")
        port = make_port(call.backend, server["project_id"], network, groups=[])
        state.put("server", server | {"made_ports": [*server["made_ports"], port["id"]]})
    bind_port(call.backend, port, server["id"], number)
    return Response(body={"interfaceAttachment": _view(call, state.get("port", port["id"]) or port)})


@ROUTES.on("GET", SERVER + "/os-security-groups")
def security_groups(call: Call) -> Response:
    """List the security groups on the server's ports in the form of Nova's own former security groups."""
    ids = [group for port in ports_of(call, need_server(call)) for group in port["security_groups"]]
    groups = [call.backend.state.get("security-group", id_) for id_ in dict.fromkeys(ids)]
    return Response(body={"security_groups": [_group(call, group) for group in groups if group]})


def _group(call: Call, group: Doc) -> Doc:
    rules = call.backend.state.all("security-group-rule", security_group_id=group["id"])
    shown: Doc = pick(group, "id", "description", "name")
    shown["tenant_id"] = group["project_id"]
    return shown | {"rules": [_rule(call, r) for r in rules if r["direction"] == "ingress"]}


def _rule(call: Call, rule: Doc) -> Doc:
    shown: Doc = {"id": rule["id"], "parent_group_id": rule["security_group_id"]}
    shown["ip_protocol"] = rule["protocol"]
    ports = (rule["port_range_min"], rule["port_range_max"])
    if rule["protocol"] is not None and ports == (None, None):
        ports = (-1, -1) if rule["protocol"] == "icmp" else (1, 65535)
    shown |= {"from_port": ports[0], "to_port": ports[1], "group": {}, "ip_range": {}}
    if rule["remote_group_id"]:
        remote = call.backend.state.get("security-group", rule["remote_group_id"])
        if remote:
            shown["group"] = {"name": remote["name"], "tenant_id": remote["project_id"]}
    else:
        any_ = "::/0" if rule["ethertype"] == "IPv6" else "0.0.0.0/0"
        shown["ip_range"] = {"cidr": rule["remote_ip_prefix"] or any_}
    return shown
