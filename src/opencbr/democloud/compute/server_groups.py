"""Server groups."""

from opencbr.democloud.compute.routes import ROUTES, need_member
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc


def group_view(call: Call, doc: Doc) -> Doc:
    """Show a server group; 2.64 renamed its policy."""
    shown: Doc = {"id": doc["id"], "name": doc["name"]}
    if call.at_least("2.64"):
        shown |= {"policy": doc["policy"], "rules": doc["rules"], "members": doc["members"]}
    else:
        shown |= {"policies": [doc["policy"]], "metadata": {}, "members": doc["members"]}
    if call.at_least("2.13"):
        shown |= {"project_id": doc["project_id"], "user_id": doc["user_id"]}
    return shown


@ROUTES.on("GET", "/v2.1/os-server-groups")
def list_groups(call: Call) -> Response:
    """List the server groups of the project; an admin may ask for all."""
    everywhere = call.is_admin and "all_projects" in call.query
    found = call.backend.state.all("server-group", None if everywhere else call.project_id)
    return Response(body={"server_groups": [group_view(call, doc) for doc in found]})


@ROUTES.on("POST", "/v2.1/os-server-groups")
def create_group(call: Call) -> Response:
    """Create a server group."""
    need_member(call, "os_compute_api:os-server-groups:create")
    body = call.body("server_group")
    policy = body.get("policy") or (body.get("policies") or ["anti-affinity"])[0]
    doc: Doc = {
        "id": new_uuid(),
        "project_id": call.project_id,
        "user_id": call.user_id,
        "name": body["name"],
    }
    doc |= {"policy": policy, "rules": body.get("rules", {}), "members": []}
    return Response(200, {"server_group": group_view(call, call.backend.state.put("server-group", doc))})


def _need_group(call: Call) -> Doc:
    doc = call.backend.state.get("server-group", call.params["group"])
    if doc is None or not call.owns(doc):
        raise ApiError(404, f"Instance group {call.params['group']} could not be found.")
    return doc


@ROUTES.on("GET", "/v2.1/os-server-groups/{group}")
def show_group(call: Call) -> Response:
    """Show one server group."""
    return Response(body={"server_group": group_view(call, _need_group(call))})


@ROUTES.on("DELETE", "/v2.1/os-server-groups/{group}")
def delete_group(call: Call) -> Response:
    """Delete a server group."""
    call.backend.state.drop("server-group", _need_group(call)["id"])
    return Response(204)
