"""Security groups and their rules."""

from opencbr.democloud.network.routes import ROUTES, listing, need, need_member, need_own, select, stamped
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.world import World, new_uuid


def make_group(world: World, project_id: str, name: str, description: str) -> Doc:
    """Store a group that lets everything out; `default` also lets its own members in, as in Neutron."""
    doc: Doc = {"id": new_uuid(), "name": name, "stateful": True, "description": description, "shared": False}
    doc = world.state.put("security-group", stamped(world, project_id, doc) | {"revision_number": 1})
    for ethertype in ("IPv4", "IPv6"):
        make_rule(world, doc, ethertype=ethertype, direction="egress")
        if name == "default":
            make_rule(world, doc, ethertype=ethertype, direction="ingress", remote_group_id=doc["id"])
    return doc


def make_rule(world: World, group: Doc, **fields: object) -> Doc:
    """Store a rule of a group."""
    doc: Doc = {
        "id": new_uuid(),
        "security_group_id": group["id"],
        "ethertype": "IPv4",
        "direction": "ingress",
    }
    doc |= {"protocol": None, "port_range_min": None, "port_range_max": None, "remote_ip_prefix": None}
    doc |= {"remote_group_id": None, "remote_address_group_id": None, "description": None, **fields}
    doc |= {"standard_attr_id": world.state.number("standard_attr"), "belongs_to_default_sg": None}
    return world.state.put("security-group-rule", stamped(world, group["project_id"], doc))


def rule_view(doc: Doc) -> Doc:
    """Show a rule."""
    shown = pick(doc, "id", "project_id", "security_group_id", "ethertype", "direction", "protocol")
    shown |= pick(doc, "port_range_min", "port_range_max", "remote_ip_prefix")
    shown |= {"remote_address_group_id": None, "normalized_cidr": doc["remote_ip_prefix"]}
    shown |= pick(doc, "remote_group_id", "standard_attr_id", "belongs_to_default_sg", "description", "tags")
    return shown | pick(doc, "created_at", "updated_at", "revision_number", "tenant_id")


def group_view(call: Call, doc: Doc) -> Doc:
    """Show a group with its rules."""
    shown = pick(doc, "id", "name", "stateful", "tenant_id", "project_id", "description", "shared")
    rules = call.world.state.all("security-group-rule", doc["project_id"])
    shown["security_group_rules"] = [rule_view(r) for r in rules if r["security_group_id"] == doc["id"]]
    return shown | pick(doc, "tags", "created_at", "updated_at", "revision_number")


@ROUTES.on("GET", "/v2.0/security-groups")
def index(call: Call) -> Answer:
    """List groups; asking makes the project's `default` when it is missing, as in Neutron."""
    from opencbr.democloud.network.ports import need_default_group

    if call.project_id:
        need_default_group(call.world, call.project_id)
    return listing(call, "security_groups", [group_view(call, doc) for doc in select(call, "security-group")])


@ROUTES.on("GET", "/v2.0/security-groups/{group}")
def show(call: Call) -> Answer:
    """Show one group."""
    return Answer(
        body={"security_group": group_view(call, need(call, "security-group", call.params["group"]))}
    )


@ROUTES.on("POST", "/v2.0/security-groups")
def create(call: Call) -> Answer:
    """Make a group."""
    need_member(call, "create_security_group")
    body = call.body("security_group")
    doc = make_group(call.world, call.project_id, body.get("name", ""), body.get("description", ""))
    return Answer(201, {"security_group": group_view(call, doc)})


@ROUTES.on("PUT", "/v2.0/security-groups/{group}")
def change(call: Call) -> Answer:
    """Rename or describe a group."""
    doc = need_own(call, "security-group", call.params["group"])
    doc |= {k: v for k, v in call.body("security_group").items() if k in ("name", "description")}
    doc |= {"revision_number": doc["revision_number"] + 1, "updated_at": call.world.zulu_time()}
    return Answer(body={"security_group": group_view(call, call.world.state.put("security-group", doc))})


@ROUTES.on("DELETE", "/v2.0/security-groups/{group}")
def delete(call: Call) -> Answer:
    """Forget a group that is on no port."""
    doc, state = need_own(call, "security-group", call.params["group"]), call.world.state
    if any(doc["id"] in port["security_groups"] for port in state.all("port", doc["project_id"])):
        raise Refusal(409, f"Security Group {doc['id']} in use.", "SecurityGroupInUse")
    for rule in state.all("security-group-rule", doc["project_id"]):
        if rule["security_group_id"] == doc["id"]:
            state.drop("security-group-rule", rule["id"])
    state.drop("security-group", doc["id"])
    return Answer(204)


@ROUTES.on("GET", "/v2.0/security-group-rules")
def list_rules(call: Call) -> Answer:
    """List rules."""
    return listing(
        call, "security_group_rules", [rule_view(doc) for doc in select(call, "security-group-rule")]
    )


@ROUTES.on("POST", "/v2.0/security-group-rules")
def create_rule(call: Call) -> Answer:
    """Add a rule to a group."""
    body = call.body("security_group_rule")
    group = need_own(call, "security-group", str(body.get("security_group_id")))
    names: tuple[str, ...] = (
        "ethertype",
        "direction",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
    )
    fields = {name: body[name] for name in (*names, "remote_group_id") if body.get(name) is not None}
    made = make_rule(call.world, group, **fields | {"description": body.get("description", "")})
    return Answer(201, {"security_group_rule": rule_view(made)})


@ROUTES.on("DELETE", "/v2.0/security-group-rules/{rule}")
def delete_rule(call: Call) -> Answer:
    """Take a rule away."""
    call.world.state.drop(
        "security-group-rule", need_own(call, "security-group-rule", call.params["rule"])["id"]
    )
    return Answer(204)
