"""Trunks: a parent port and the subports whose VLANs it carries."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
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


def trunk_details(backend: Backend, port: Doc) -> Doc:
    """Return what a parent port says of its trunk, nothing for another port."""
    trunk = backend.state.find("trunk", port_id=port["id"])
    if trunk is None:
        return {}
    rows = []
    for row in trunk["sub_ports"]:
        subport = backend.state.get("port", row["port_id"])
        rows.append(row | {"mac_address": subport["mac_address"] if subport else None})
    return {"trunk_details": {"trunk_id": trunk["id"], "sub_ports": rows}}


def _view(doc: Doc) -> Doc:
    shown = pick(doc, "admin_state_up", "id", "project_id", "name", "port_id", "status")
    names = ("port_id", "segmentation_type", "segmentation_id")
    shown["sub_ports"] = [pick(row, *names) for row in doc["sub_ports"]]
    shown |= pick(doc, "revision_number", "description", "created_at", "updated_at")
    return shown | pick(doc, "tenant_id", "tags")


@ROUTES.on("GET", "/v2.0/trunks")
def index(call: Call) -> Response:
    """List trunks."""
    return listing(call, "trunks", [_view(doc) for doc in select(call, "trunk")])


@ROUTES.on("GET", "/v2.0/trunks/{trunk}")
def show(call: Call) -> Response:
    """Show one trunk."""
    return Response(body={"trunk": _view(need(call, "trunk", call.params["trunk"]))})


@ROUTES.on("POST", "/v2.0/trunks")
def create(call: Call) -> Response:
    """Make a port the parent of a trunk; refuses (409) one that is a parent already."""
    need_member(call, "create_trunk")
    body, state = call.body("trunk"), call.backend.state
    parent = need_own(call, "port", str(body.get("port_id")))
    if state.find("trunk", port_id=parent["id"]):
        raise ApiError(409, f"Port {parent['id']} is in use by another trunk.", "ParentPortInUse")
    rows: list[Doc] = [
        {
            "segmentation_id": int(row["segmentation_id"]),
            "segmentation_type": row["segmentation_type"],
            "port_id": need_own(call, "port", row["port_id"])["id"],
        }
        for row in body.get("sub_ports") or []
    ]
    doc: Doc = {"id": new_uuid(), "name": body.get("name", ""), "port_id": parent["id"], "status": "DOWN"}
    doc |= {"admin_state_up": body.get("admin_state_up", True), "sub_ports": rows}
    doc |= {"description": body.get("description", "")}
    doc = state.put("trunk", add_standard_attributes(call.backend, parent["project_id"], doc))
    return Response(201, {"trunk": _view(doc)})


@ROUTES.on("PUT", "/v2.0/trunks/{trunk}")
def change(call: Call) -> Response:
    """Rename or describe a trunk."""
    doc, body = need_own(call, "trunk", call.params["trunk"]), call.body("trunk")
    changed = {name: body[name] for name in ("name", "description", "admin_state_up") if name in body}
    return Response(
        body={"trunk": _view(call.backend.state.put("trunk", bump_revision(call.backend, doc | changed)))}
    )


@ROUTES.on("DELETE", "/v2.0/trunks/{trunk}")
def delete(call: Call) -> Response:
    """Delete a trunk; its ports stay."""
    call.backend.state.drop("trunk", need_own(call, "trunk", call.params["trunk"])["id"])
    return Response(204)
