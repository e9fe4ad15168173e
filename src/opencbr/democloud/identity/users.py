"""Users and their passwords."""

import secrets

from opencbr.democloud.identity.routes import DOMAIN, ROUTES, linked, listing, need, need_admin
from opencbr.democloud.identity.secret_digests import fits, salted
from opencbr.democloud.identity.tokens import APPLICATION_CREDENTIAL
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State


def make_user(state: State, name: str, password: str, default_project_id: str | None = None) -> Doc:
    """Store a new user of the default domain; of the password a salted digest is kept."""
    doc: Doc = {"id": new_hex(), "name": name, "domain_id": "default", "enabled": True}
    if default_project_id:
        doc["default_project_id"] = default_project_id
    state.put("password", {"id": doc["id"]} | salted(password))
    return state.put("user", doc | {"password_expires_at": None, "options": {}})


def password_fits(state: State, user_id: str, password: str) -> bool:
    """Compare a password with the stored digest, in constant time."""
    kept = state.get("password", user_id)
    return kept is not None and fits(kept, password)


def find_user(state: State, given: Doc) -> Doc | None:
    """Return the user that is named by id, or by name and domain; None where there is none."""
    if "id" in given:
        return state.get("user", str(given["id"]))
    domain = given.get("domain", {})
    is_ours = domain.get("id") == DOMAIN["id"] or domain.get("name") == DOMAIN["name"]
    return state.find("user", name=given.get("name")) if is_ours else None


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
    doc = call.backend.state.put("user", doc | {"options": _options({}, body)})
    return Response(201, {"user": linked(call, "users", doc)})


@ROUTES.on("PATCH", "/v3/users/{user}")
def change_user(call: Call) -> Response:
    """Rename, enable, disable a user, set a new password or options."""
    need_admin(call, "update_user")
    doc, body = need(call, "user", call.params["user"]), call.body("user")
    doc |= {k: v for k, v in body.items() if k in ("name", "enabled", "default_project_id")}
    doc["options"] = _options(doc["options"], body)
    if "password" in body:
        call.backend.state.put("password", {"id": doc["id"]} | salted(body["password"]))
        _drop_tokens(call.backend.state, doc["id"])
    if not doc["enabled"]:
        _drop_tokens(call.backend.state, doc["id"])
    return Response(body={"user": linked(call, "users", call.backend.state.put("user", doc))})


@ROUTES.on("DELETE", "/v3/users/{user}")
def delete_user(call: Call) -> Response:
    """Delete a user with the roles, keys and tokens."""
    need_admin(call, "delete_user")
    doc, state = need(call, "user", call.params["user"]), call.backend.state
    for kind in ("grant", "credential", APPLICATION_CREDENTIAL):
        drop_held(state, kind, doc["id"])
    _drop_tokens(state, doc["id"])
    state.drop("password", doc["id"])
    state.drop("user", doc["id"])
    return Response(204)


def drop_held(state: State, kind: str, user_id: str, project_id: str | None = None) -> None:
    """Delete what a user has of one kind, on one project or (None) everywhere."""
    for held in state.all(kind, project_id):
        if held["user_id"] == user_id:
            state.drop(kind, held["id"])


def _drop_tokens(state: State, user_id: str) -> None:
    for token in state.all("token"):
        if token["user"]["id"] == user_id:
            state.drop("token", token["id"])


def _options(before: Doc, body: Doc) -> Doc:
    """Return the options with those of the body; null takes one away. Refuses (400) rules that are no lists of texts."""
    given = body.get("options", {})
    rules = given.get("multi_factor_auth_rules")
    is_good = isinstance(rules, list) and all(
        rule and isinstance(rule, list) and all(isinstance(name, str) for name in rule) for rule in rules
    )
    if rules is not None and not is_good:
        raise ApiError(
            400, "Invalid input for field 'multi_factor_auth_rules': it is no list of lists of strings"
        )
    return {name: value for name, value in {**before, **given}.items() if value is not None}
