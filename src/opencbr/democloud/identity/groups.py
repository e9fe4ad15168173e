"""Groups of users: what a group holds, each of its users holds."""

from opencbr.democloud.identity.routes import ROUTES, linked, need, need_admin
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State

GROUP = "group"
_USER = "/v3/groups/{group}/users/{user}"


def groups_of(state: State, user_id: str) -> set[str]:
    """Return the ids of the groups that a user is in."""
    return {group["id"] for group in state.all(GROUP) if user_id in group["members"]}


@ROUTES.on("POST", "/v3/groups")
def create_group(call: Call) -> Response:
    """Create a group without users."""
    need_admin(call, "create_group")
    body = call.body("group")
    doc: Doc = {"id": new_hex(), "name": body["name"], "description": body.get("description") or ""}
    call.backend.state.put(GROUP, doc | {"domain_id": "default", "members": []})
    return Response(201, {"group": linked(call, "groups", doc | {"domain_id": "default"})})


@ROUTES.on("DELETE", "/v3/groups/{group}")
def delete_group(call: Call) -> Response:
    """Delete a group with all that it holds."""
    need_admin(call, "delete_group")
    doc, state = need(call, GROUP, call.params["group"]), call.backend.state
    for held in state.all("grant", group_id=doc["id"]):
        state.drop("grant", held["id"])
    state.drop(GROUP, doc["id"])
    return Response(204)


@ROUTES.on("PUT", _USER)
def add_user(call: Call) -> Response:
    """Take a user into a group."""
    need_admin(call, "add_user_to_group")
    doc, user = need(call, GROUP, call.params["group"]), need(call, "user", call.params["user"])
    members = [*(one for one in doc["members"] if one != user["id"]), user["id"]]
    call.backend.state.put(GROUP, doc | {"members": members})
    return Response(204)


@ROUTES.on("DELETE", _USER)
def remove_user(call: Call) -> Response:
    """Take a user out of a group."""
    need_admin(call, "remove_user_from_group")
    doc, user = need(call, GROUP, call.params["group"]), call.params["user"]
    if user not in doc["members"]:
        raise ApiError(404, f"Could not find user {user} in group {doc['id']}.")
    call.backend.state.put(GROUP, doc | {"members": [one for one in doc["members"] if one != user]})
    return Response(204)
