"""Users and their passwords."""

import hashlib
import hmac
import secrets

from opencbr.democloud.identity.routes import ROUTES, linked, listing, need, need_admin
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State

_SCRYPT = {"n": 1 << 10, "r": 8, "p": 1}  # cheap on purpose: a demo cloud checks passwords at every log-in


def _digest(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()


def make_user(state: State, name: str, password: str, default_project_id: str | None = None) -> Doc:
    """Store a new user of the default domain; of the password a salted digest is kept."""
    doc: Doc = {"id": new_hex(), "name": name, "domain_id": "default", "enabled": True}
    if default_project_id:
        doc["default_project_id"] = default_project_id
    salt = secrets.token_hex(16)
    state.put("password", {"id": doc["id"], "salt": salt, "digest": _digest(password, salt)})
    return state.put("user", doc | {"password_expires_at": None, "options": {}})


def password_fits(state: State, user_id: str, password: str) -> bool:
    """Compare a password with the stored digest, in constant time."""
    kept = state.get("password", user_id)
    return kept is not None and hmac.compare_digest(kept["digest"], _digest(password, kept["salt"]))


@ROUTES.on("GET", "/v3/users")
def list_users(call: Call) -> Response:
    """List users by name."""
    need_admin(call, "list_users")
    name = call.query.get("name")
    found = [doc for doc in call.backend.state.all("user") if name in (None, doc["name"])]
    return listing(call, "users", [linked(call, "users", doc) for doc in found])


@ROUTES.on("GET", "/v3/users/{user}")
def show_user(call: Call) -> Response:
    """Show a user: an admin sees anybody, everybody else only themselves."""
    if call.params["user"] != call.user_id:
        need_admin(call, "get_user")
    return Response(body={"user": linked(call, "users", need(call, "user", call.params["user"]))})


@ROUTES.on("POST", "/v3/users")
def create_user(call: Call) -> Response:
    """Create a user."""
    need_admin(call, "create_user")
    body = call.body("user")
    if call.backend.state.find("user", name=body["name"]):
        raise ApiError(
            409,
            "Conflict occurred attempting to store user - Duplicate entry found with name"
            f" {body['name']} at domain ID default.",
        )
    password = body.get("password") or secrets.token_urlsafe(24)
    doc = make_user(call.backend.state, body["name"], password, body.get("default_project_id"))
    return Response(201, {"user": linked(call, "users", doc)})


@ROUTES.on("PATCH", "/v3/users/{user}")
def change_user(call: Call) -> Response:
    """Rename, enable, disable a user or set a new password."""
    need_admin(call, "update_user")
    doc, body = need(call, "user", call.params["user"]), call.body("user")
    doc |= {k: v for k, v in body.items() if k in ("name", "enabled", "default_project_id")}
    if "password" in body:
        salt = secrets.token_hex(16)
        digest = _digest(body["password"], salt)
        call.backend.state.put("password", {"id": doc["id"], "salt": salt, "digest": digest})
        _revoke_tokens(call.backend.state, doc["id"])
    return Response(body={"user": linked(call, "users", call.backend.state.put("user", doc))})


@ROUTES.on("DELETE", "/v3/users/{user}")
def delete_user(call: Call) -> Response:
    """Delete a user with the roles, keys and tokens."""
    need_admin(call, "delete_user")
    doc, state = need(call, "user", call.params["user"]), call.backend.state
    for kind in ("grant", "credential"):
        for held in state.all(kind):
            if held["user_id"] == doc["id"]:
                state.drop(kind, held["id"])
    _revoke_tokens(state, doc["id"])
    state.drop("password", doc["id"])
    state.drop("user", doc["id"])
    return Response(204)


def _revoke_tokens(state: State, user_id: str) -> None:
    for token in state.all("token"):
        if token["user"]["id"] == user_id:
            state.drop("token", token["id"])
