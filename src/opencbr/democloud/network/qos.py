"""QoS policies and the one kind of rule that tests make."""

from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
    listing,
    need,
    need_own,
    select,
    shared_with,
)
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick


def _view(call: Call, doc: Doc) -> Doc:
    shown = pick(doc, "id", "project_id", "name") | {"shared": shared_with(call, doc)}
    shown |= pick(doc, "rules") | {"is_default": False}
    shown |= pick(doc, "revision_number", "description", "created_at", "updated_at")
    return shown | pick(doc, "tenant_id", "tags")


@ROUTES.on("GET", "/v2.0/qos/policies")
def index(call: Call) -> Response:
    """List policies."""
    return listing(call, "policies", [_view(call, doc) for doc in select(call, "qos-policy")])


@ROUTES.on("GET", "/v2.0/qos/policies/{policy}")
def show(call: Call) -> Response:
    """Show one policy."""
    return Response(body={"policy": _view(call, need(call, "qos-policy", call.params["policy"]))})


@ROUTES.on("POST", "/v2.0/qos/policies")
def create(call: Call) -> Response:
    """Create a policy, as admin for whichever project."""
    if not call.is_admin:
        raise ApiError(403, "rule:create_policy is disallowed by policy", "PolicyNotAuthorized")
    body = call.body("policy")
    doc: Doc = {"id": new_uuid(), "name": body["name"], "shared": bool(body.get("shared")), "rules": []}
    owner = body.get("project_id") or call.project_id
    doc = call.backend.state.put("qos-policy", add_standard_attributes(call.backend, owner, doc))
    return Response(201, {"policy": _view(call, doc)})


@ROUTES.on("POST", "/v2.0/qos/policies/{policy}/bandwidth_limit_rules")
def add_bandwidth_limit(call: Call) -> Response:
    """Limit the bandwidth."""
    policy, body = need_own(call, "qos-policy", call.params["policy"]), call.body("bandwidth_limit_rule")
    rule: Doc = {"max_kbps": int(body["max_kbps"]), "max_burst_kbps": int(body.get("max_burst_kbps", 0))}
    rule |= {"direction": "egress", "id": new_uuid(), "qos_policy_id": policy["id"]}
    rule["type"] = "bandwidth_limit"
    call.backend.state.put("qos-policy", policy | {"rules": [*policy["rules"], rule]})
    return Response(
        201, {"bandwidth_limit_rule": pick(rule, "id", "max_kbps", "max_burst_kbps", "direction")}
    )


@ROUTES.on("DELETE", "/v2.0/qos/policies/{policy}")
def delete(call: Call) -> Response:
    """Delete a policy."""
    call.backend.state.drop("qos-policy", need_own(call, "qos-policy", call.params["policy"])["id"])
    return Response(204)
