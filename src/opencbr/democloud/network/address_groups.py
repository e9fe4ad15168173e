"""Address groups, which rules of security groups name."""

from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.routes import (
    ROUTES,
    add_standard_attributes,
    listing,
    need,
    need_member,
    need_own,
    select,
)
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc, pick


def _view(doc: Doc) -> Doc:
    shown = pick(doc, "id", "name", "project_id", "addresses", "revision_number", "description")
    return shown | pick(doc, "created_at", "updated_at", "tenant_id")


@ROUTES.on("GET", "/v2.0/address-groups")
def index(call: Call) -> Response:
    """List groups."""
    return listing(call, "address_groups", [_view(doc) for doc in select(call, "address-group")])


@ROUTES.on("GET", "/v2.0/address-groups/{group}")
def show(call: Call) -> Response:
    """Show one group."""
    return Response(body={"address_group": _view(need(call, "address-group", call.params["group"]))})


@ROUTES.on("POST", "/v2.0/address-groups")
def create(call: Call) -> Response:
    """Create a group."""
    need_member(call, "create_address_group")
    body = call.body("address_group")
    doc: Doc = {"id": new_uuid(), "name": body.get("name", ""), "addresses": body.get("addresses") or []}
    doc = call.backend.state.put("address-group", add_standard_attributes(call.backend, call.project_id, doc))
    return Response(201, {"address_group": _view(doc)})


@ROUTES.on("DELETE", "/v2.0/address-groups/{group}")
def delete(call: Call) -> Response:
    """Delete a group."""
    call.backend.state.drop("address-group", need_own(call, "address-group", call.params["group"])["id"])
    return Response(204)
