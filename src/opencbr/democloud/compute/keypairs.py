"""Key pairs."""

import base64
import hashlib
import secrets

from opencbr.democloud.backend import Backend
from opencbr.democloud.compute.routes import ROUTES, need_member
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick


def make_keypair(backend: Backend, user_id: str, name: str, public_key: str) -> Doc:
    """Store a key pair of a user."""
    parts = public_key.split()
    blob = base64.b64decode(parts[1]) if len(parts) > 1 else public_key.encode()
    print_ = hashlib.md5(blob, usedforsecurity=False).hexdigest()  # what Nova shows, not what it trusts
    doc: Doc = {"id": f"{user_id}/{name}", "project_id": "", "user_id": user_id, "name": name, "type": "ssh"}
    doc |= {
        "public_key": public_key,
        "number": backend.state.number("keypair"),
        "created_at": backend.clock.long_time(),
    }
    doc["fingerprint"] = ":".join(print_[at : at + 2] for at in range(0, 32, 2))
    return backend.state.put("keypair", doc)


def _owner(call: Call) -> str:
    wanted = call.query.get("user_id", call.user_id)
    if wanted != call.user_id and not call.is_admin:
        raise ApiError(403, "Policy doesn't allow os_compute_api:os-keypairs:show to be performed.")
    return wanted


def _short(call: Call, doc: Doc) -> Doc:
    shown: Doc = pick(doc, "name", "public_key", "fingerprint")
    return shown | ({"type": doc["type"]} if call.at_least("2.2") else {})


@ROUTES.on("GET", "/v2.1/os-keypairs")
def list_keys(call: Call) -> Response:
    """List the key pairs of a user."""
    owner = _owner(call)
    found = [doc for doc in call.backend.state.all("keypair") if doc["user_id"] == owner]
    return Response(body={"keypairs": [{"keypair": _short(call, doc)} for doc in found]})


@ROUTES.on("GET", "/v2.1/os-keypairs/{name}")
def show_key(call: Call) -> Response:
    """Show one key pair; an admin names the user in the query."""
    owner, name = _owner(call), call.params["name"]
    doc = call.backend.state.get("keypair", f"{owner}/{name}")
    if doc is None:
        raise ApiError(404, f"Keypair {name} not found for user {owner}")
    shown: Doc = pick(doc, "name", "public_key", "fingerprint", "user_id", "created_at")
    shown |= {"deleted": False, "deleted_at": None, "id": doc["number"], "updated_at": None}
    if call.at_least("2.2"):
        shown["type"] = doc["type"]
    return Response(body={"keypair": shown})


@ROUTES.on("POST", "/v2.1/os-keypairs")
def create_key(call: Call) -> Response:
    """Import a public key; from 2.92 on Nova makes none itself."""
    need_member(call, "os_compute_api:os-keypairs:create")
    body = call.body("keypair")
    if body.get("user_id", call.user_id) != call.user_id and not call.is_admin:
        raise ApiError(403, "Policy doesn't allow os_compute_api:os-keypairs:create to be performed.")
    owner = body.get("user_id", call.user_id)
    if call.backend.state.get("keypair", f"{owner}/{body['name']}"):
        raise ApiError(409, f"Key pair '{body['name']}' already exists.")
    if not body.get("public_key") and call.at_least("2.92"):
        raise ApiError(400, "Invalid input for field/attribute keypair. 'public_key' is a required property")
    material = base64.b64encode(b"\0\0\0\x07ssh-rsa" + secrets.token_bytes(64)).decode()
    doc = make_keypair(
        call.backend, owner, body["name"], body.get("public_key") or f"ssh-rsa {material} Generated-by-Nova"
    )
    shown = _short(call, doc) | {"user_id": doc["user_id"]}
    return Response(201 if call.at_least("2.2") else 200, {"keypair": shown})


@ROUTES.on("DELETE", "/v2.1/os-keypairs/{name}")
def delete_key(call: Call) -> Response:
    """Delete a key pair."""
    owner, name = _owner(call), call.params["name"]
    if call.backend.state.get("keypair", f"{owner}/{name}") is None:
        raise ApiError(404, f"Keypair {name} not found for user {owner}")
    call.backend.state.drop("keypair", f"{owner}/{name}")
    return Response(204 if call.at_least("2.2") else 202)
