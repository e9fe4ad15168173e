"""RBAC policies: what one project shares with another, or with all."""

from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import ROUTES, listing, need_own
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc, pick


def _view(doc: Doc) -> Doc:
    names = ("id", "project_id", "action", "object_id", "target_tenant", "object_type", "tenant_id")
    return pick(doc, *names)


@ROUTES.on("GET", "/v2.0/rbac-policies")
def index(call: Call) -> Response:
    """List the caller's policies."""
    found = [doc for doc in call.backend.state.all("rbac-policy") if call.owns(doc)]
    return listing(call, "rbac_policies", [_view(doc) for doc in found])


@ROUTES.on("POST", "/v2.0/rbac-policies")
def create(call: Call) -> Response:
    """Share a network, a QoS policy, a security group or an address group."""
    body = call.body("rbac_policy")
    thing = need_own(call, body["object_type"].replace("_", "-"), body["object_id"])
    doc: Doc = {"id": new_uuid(), "project_id": thing["project_id"], "tenant_id": thing["project_id"]}
    doc |= pick(body, "action", "object_id", "object_type", "target_tenant")
    return Response(201, {"rbac_policy": _view(call.backend.state.put("rbac-policy", doc))})


@ROUTES.on("DELETE", "/v2.0/rbac-policies/{policy}")
def delete(call: Call) -> Response:
    """Share no more."""
    call.backend.state.drop("rbac-policy", call.params["policy"])
    return Response(204)
