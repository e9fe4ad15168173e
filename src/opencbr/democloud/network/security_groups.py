"""Security groups and their rules."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
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


def make_group(backend: Backend, project_id: str, name: str, description: str) -> Doc:
    """Store a group that lets everything out; `default` also lets its own members in, as in Neutron."""
    doc: Doc = {"id": new_uuid(), "name": name, "stateful": True, "description": description, "shared": False}
    doc = backend.state.put(
        "security-group", add_standard_attributes(backend, project_id, doc) | {"revision_number": 1}
    )
    for ethertype in ("IPv4", "IPv6"):
        make_rule(backend, doc, ethertype=ethertype, direction="egress")
        if name == "default":
            make_rule(backend, doc, ethertype=ethertype, direction="ingress", remote_group_id=doc["id"])
    return doc


def default_group(backend: Backend, project_id: str) -> Doc:
    """Return the project's group `default`, made when first asked for as Neutron does."""
    for group in backend.state.all("security-group", project_id):
        if group["name"] == "default":
            return group
    return make_group(backend, project_id, "default", "Default security group")


def make_rule(backend: Backend, group: Doc, **fields: object) -> Doc:
    """Store a rule of a group."""
    doc: Doc = {
        "id": new_uuid(),
        "security_group_id": group["id"],
        "ethertype": "IPv4",
        "direction": "ingress",
    }
    doc |= {"protocol": None, "port_range_min": None, "port_range_max": None, "remote_ip_prefix": None}
    doc |= {"remote_group_id": None, "remote_address_group_id": None, "description": None, **fields}
    doc |= {"standard_attr_id": backend.state.number("standard_attr"), "belongs_to_default_sg": None}
    return backend.state.put(
        "security-group-rule", add_standard_attributes(backend, group["project_id"], doc)
    )


def rule_view(doc: Doc) -> Doc:
    """Show a rule."""
    shown = pick(doc, "id", "project_id", "security_group_id", "ethertype", "direction", "protocol")
    shown |= pick(doc, "port_range_min", "port_range_max", "remote_ip_prefix")
    shown |= pick(doc, "remote_address_group_id") | {"normalized_cidr": doc["remote_ip_prefix"]}
    shown |= pick(doc, "remote_group_id", "standard_attr_id", "belongs_to_default_sg", "description", "tags")
    return shown | pick(doc, "created_at", "updated_at", "revision_number", "tenant_id")


def group_view(call: Call, doc: Doc) -> Doc:
    """Show a group with its rules."""
    shown = pick(doc, "id", "name", "stateful", "tenant_id", "project_id", "description")
    shown["shared"] = shared_with(call, doc)
    rules = call.backend.state.all("security-group-rule", doc["project_id"], security_group_id=doc["id"])
    shown["security_group_rules"] = [rule_view(r) for r in rules]
    return shown | pick(doc, "tags", "created_at", "updated_at", "revision_number")


@ROUTES.on("GET", "/v2.0/security-groups")
def index(call: Call) -> Response:
    """List groups; asking makes the project's `default` when it is missing, as in Neutron."""
    if call.project_id:
        default_group(call.backend, call.project_id)
    return listing(call, "security_groups", [group_view(call, doc) for doc in select(call, "security-group")])


@ROUTES.on("GET", "/v2.0/security-groups/{group}")
def show(call: Call) -> Response:
    """Show one group."""
    return Response(
        body={"security_group": group_view(call, need(call, "security-group", call.params["group"]))}
    )


@ROUTES.on("POST", "/v2.0/security-groups")
def create(call: Call) -> Response:
    """Create a group."""
    need_member(call, "create_security_group")
    body = call.body("security_group")
    doc = make_group(call.backend, call.project_id, body.get("name", ""), body.get("description", ""))
    if body.get("stateful") is not None:
        doc = call.backend.state.put("security-group", doc | {"stateful": bool(body["stateful"])})
    return Response(201, {"security_group": group_view(call, doc)})


@ROUTES.on("PUT", "/v2.0/security-groups/{group}")
def change(call: Call) -> Response:
    """Rename or describe a group."""
    doc = need_own(call, "security-group", call.params["group"])
    doc |= {k: v for k, v in call.body("security_group").items() if k in ("name", "description")}
    doc |= {"revision_number": doc["revision_number"] + 1, "updated_at": call.backend.clock.zulu_time()}
    return Response(body={"security_group": group_view(call, call.backend.state.put("security-group", doc))})


@ROUTES.on("DELETE", "/v2.0/security-groups/{group}")
def delete(call: Call) -> Response:
    """Delete a group that is on no port."""
    doc, state = need_own(call, "security-group", call.params["group"]), call.backend.state
    if any(doc["id"] in port["security_groups"] for port in state.all("port", doc["project_id"])):
        raise ApiError(409, f"Security Group {doc['id']} in use.", "SecurityGroupInUse")
    for rule in state.all("security-group-rule", doc["project_id"]):
        if rule["security_group_id"] == doc["id"]:
            state.drop("security-group-rule", rule["id"])
    state.drop("security-group", doc["id"])
    return Response(204)


@ROUTES.on("GET", "/v2.0/security-group-rules")
def list_rules(call: Call) -> Response:
    """List rules."""
    return listing(
        call, "security_group_rules", [rule_view(doc) for doc in select(call, "security-group-rule")]
    )


@ROUTES.on("POST", "/v2.0/security-group-rules")
def create_rule(call: Call) -> Response:
    """Add a rule to a group."""
    body = call.body("security_group_rule")
    group = need_own(call, "security-group", str(body.get("security_group_id")))
    _refuse_repeated(call, group, body)
    names: tuple[str, ...] = (
        "ethertype",
        "direction",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
    )
    names = (*names, "remote_group_id", "remote_address_group_id")
    fields = {name: body[name] for name in names if body.get(name) is not None}
    made = make_rule(call.backend, group, **fields | {"description": body.get("description", "")})
    return Response(201, {"security_group_rule": rule_view(made)})


def _refuse_repeated(call: Call, group: Doc, body: Doc) -> None:
    names = (
        *("direction", "protocol", "port_range_min", "port_range_max"),
        *("remote_ip_prefix", "remote_group_id", "remote_address_group_id"),
    )
    for rule in call.backend.state.all(
        "security-group-rule", group["project_id"], security_group_id=group["id"]
    ):
        same = all(rule.get(name) == body.get(name) for name in names)
        if same and rule["ethertype"] == body.get("ethertype", "IPv4"):
            message = f"Security group rule already exists. Rule id is {rule['id']}."
            raise ApiError(409, message, "SecurityGroupRuleExists")


@ROUTES.on("DELETE", "/v2.0/security-group-rules/{rule}")
def delete_rule(call: Call) -> Response:
    """Delete a rule."""
    call.backend.state.drop(
        "security-group-rule", need_own(call, "security-group-rule", call.params["rule"])["id"]
    )
    return Response(204)
