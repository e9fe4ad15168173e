"""Key pairs and server groups."""

import base64
import hashlib
import secrets

from opencbr.democloud.compute.routes import ROUTES, need_member
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.world import World, new_uuid


def make_key(world: World, user_id: str, name: str, public_key: str) -> Doc:
    """Store a key pair of a user."""
    parts = public_key.split()
    blob = base64.b64decode(parts[1]) if len(parts) > 1 else public_key.encode()
    print_ = hashlib.md5(blob, usedforsecurity=False).hexdigest()  # what Nova shows, not what it trusts
    doc: Doc = {"id": f"{user_id}/{name}", "project_id": "", "user_id": user_id, "name": name, "type": "ssh"}
    doc |= {
        "public_key": public_key,
        "number": world.state.number("keypair"),
        "created_at": world.long_time(),
    }
    doc["fingerprint"] = ":".join(print_[at : at + 2] for at in range(0, 32, 2))
    return world.state.put("keypair", doc)


def _owner(call: Call) -> str:
    wanted = call.query.get("user_id", call.user_id)
    if wanted != call.user_id and not call.is_admin:
        raise Refusal(403, "Policy doesn't allow os_compute_api:os-keypairs:show to be performed.")
    return wanted


def _short(call: Call, doc: Doc) -> Doc:
    shown: Doc = pick(doc, "name", "public_key", "fingerprint")
    return shown | ({"type": doc["type"]} if call.at_least("2.2") else {})


@ROUTES.on("GET", "/v2.1/os-keypairs")
def list_keys(call: Call) -> Answer:
    """List the key pairs of a user."""
    owner = _owner(call)
    found = [doc for doc in call.world.state.all("keypair") if doc["user_id"] == owner]
    return Answer(body={"keypairs": [{"keypair": _short(call, doc)} for doc in found]})


@ROUTES.on("GET", "/v2.1/os-keypairs/{name}")
def show_key(call: Call) -> Answer:
    """Show one key pair; an admin names the user in the query."""
    owner, name = _owner(call), call.params["name"]
    doc = call.world.state.get("keypair", f"{owner}/{name}")
    if doc is None:
        raise Refusal(404, f"Keypair {name} not found for user {owner}")
    shown: Doc = pick(doc, "name", "public_key", "fingerprint", "user_id", "created_at")
    shown |= {"deleted": False, "deleted_at": None, "id": doc["number"], "updated_at": None}
    if call.at_least("2.2"):
        shown["type"] = doc["type"]
    return Answer(body={"keypair": shown})


@ROUTES.on("POST", "/v2.1/os-keypairs")
def create_key(call: Call) -> Answer:
    """Import a public key; from 2.92 on Nova makes none itself."""
    need_member(call, "os_compute_api:os-keypairs:create")
    body = call.body("keypair")
    if body.get("user_id", call.user_id) != call.user_id and not call.is_admin:
        raise Refusal(403, "Policy doesn't allow os_compute_api:os-keypairs:create to be performed.")
    owner = body.get("user_id", call.user_id)
    if call.world.state.get("keypair", f"{owner}/{body['name']}"):
        raise Refusal(409, f"Key pair '{body['name']}' already exists.")
    if not body.get("public_key") and call.at_least("2.92"):
        raise Refusal(400, "Invalid input for field/attribute keypair. 'public_key' is a required property")
    material = base64.b64encode(b"\0\0\0\x07ssh-rsa" + secrets.token_bytes(64)).decode()
    doc = make_key(
        call.world, owner, body["name"], body.get("public_key") or f"ssh-rsa {material} Generated-by-Nova"
    )
    shown = _short(call, doc) | {"user_id": doc["user_id"]}
    return Answer(201 if call.at_least("2.2") else 200, {"keypair": shown})


@ROUTES.on("DELETE", "/v2.1/os-keypairs/{name}")
def delete_key(call: Call) -> Answer:
    """Forget a key pair."""
    owner, name = _owner(call), call.params["name"]
    if call.world.state.get("keypair", f"{owner}/{name}") is None:
        raise Refusal(404, f"Keypair {name} not found for user {owner}")
    call.world.state.drop("keypair", f"{owner}/{name}")
    return Answer(204 if call.at_least("2.2") else 202)


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
def list_groups(call: Call) -> Answer:
    """List the server groups of the project; an admin may ask for all."""
    everywhere = call.is_admin and "all_projects" in call.query
    found = call.world.state.all("server-group", None if everywhere else call.project_id)
    return Answer(body={"server_groups": [group_view(call, doc) for doc in found]})


@ROUTES.on("POST", "/v2.1/os-server-groups")
def create_group(call: Call) -> Answer:
    """Make a server group."""
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
    return Answer(200, {"server_group": group_view(call, call.world.state.put("server-group", doc))})


def _need_group(call: Call) -> Doc:
    doc = call.world.state.get("server-group", call.params["group"])
    if doc is None or not call.owns(doc):
        raise Refusal(404, f"Instance group {call.params['group']} could not be found.")
    return doc


@ROUTES.on("GET", "/v2.1/os-server-groups/{group}")
def show_group(call: Call) -> Answer:
    """Show one server group."""
    return Answer(body={"server_group": group_view(call, _need_group(call))})


@ROUTES.on("DELETE", "/v2.1/os-server-groups/{group}")
def delete_group(call: Call) -> Answer:
    """Forget a server group."""
    call.world.state.drop("server-group", _need_group(call)["id"])
    return Answer(204)
