"""Domains, projects and users."""

import hashlib
import hmac
import secrets

from opencbr.democloud.identity.routes import ROUTES, linked, listing, need, need_admin
from opencbr.democloud.state import Doc, State
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.world import new_hex

_SCRYPT = {"n": 1 << 10, "r": 8, "p": 1}  # small: passwords of a demo cloud, checked at every log-in


def _digest(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()


def make_project(state: State, name: str) -> Doc:
    """Store a new project of the default domain."""
    doc: Doc = {"id": new_hex(), "name": name, "domain_id": "default", "description": "", "enabled": True}
    doc |= {"parent_id": "default", "is_domain": False, "tags": [], "options": {}}
    return state.put("project", doc)


def make_user(state: State, name: str, password: str, default_project_id: str | None = None) -> Doc:
    """Store a new user of the default domain; of the password only a salted digest."""
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


@ROUTES.on("GET", "/v3/domains")
def list_domains(call: Call) -> Answer:
    """List the domains."""
    need_admin(call, "list_domains")
    name = call.query.get("name")
    found = [d for d in call.world.state.all("domain") if name in (None, d["name"])]
    return listing(call, "domains", [linked(call, "domains", doc) for doc in found])


@ROUTES.on("GET", "/v3/domains/{domain}")
def show_domain(call: Call) -> Answer:
    """Show a domain."""
    need_admin(call, "get_domain")
    return Answer(body={"domain": linked(call, "domains", need(call, "domain", call.params["domain"]))})


@ROUTES.on("GET", "/v3/projects")
def list_projects(call: Call) -> Answer:
    """List projects by name."""
    need_admin(call, "list_projects")
    name, domain = call.query.get("name"), call.query.get("domain_id")
    found = [
        doc
        for doc in call.world.state.all("project")
        if name in (None, doc["name"]) and domain in (None, doc["domain_id"])
    ]
    return listing(call, "projects", [linked(call, "projects", doc) for doc in found])


@ROUTES.on("GET", "/v3/auth/projects")
def my_projects(call: Call) -> Answer:
    """List the projects on which the token's user has a role."""
    from opencbr.democloud.identity.roles import effective

    state = call.world.state
    found = [
        p for p in state.all("project") if effective(state, call.user_id, scope="project", target=p["id"])
    ]
    return listing(call, "projects", [linked(call, "projects", doc) for doc in found])


@ROUTES.on("GET", "/v3/projects/{project}")
def show_project(call: Call) -> Answer:
    """Show a project: an admin any, everybody else the own one."""
    if call.params["project"] != call.project_id:
        need_admin(call, "get_project")
    return Answer(body={"project": linked(call, "projects", need(call, "project", call.params["project"]))})


@ROUTES.on("POST", "/v3/projects")
def create_project(call: Call) -> Answer:
    """Make a project."""
    need_admin(call, "create_project")
    name = call.body("project")["name"]
    if call.world.state.find("project", name=name):
        raise Refusal(
            409,
            "Conflict occurred attempting to store project - it is not permitted to have two projects with"
            f" the same name in the same domain : {name}.",
        )
    return Answer(201, {"project": linked(call, "projects", make_project(call.world.state, name))})


@ROUTES.on("PATCH", "/v3/projects/{project}")
def change_project(call: Call) -> Answer:
    """Rename, describe, enable or disable a project."""
    need_admin(call, "update_project")
    doc = need(call, "project", call.params["project"])
    doc |= {k: v for k, v in call.body("project").items() if k in ("name", "description", "enabled")}
    return Answer(body={"project": linked(call, "projects", call.world.state.put("project", doc))})


@ROUTES.on("GET", "/v3/users")
def list_users(call: Call) -> Answer:
    """List users by name."""
    need_admin(call, "list_users")
    name = call.query.get("name")
    found = [doc for doc in call.world.state.all("user") if name in (None, doc["name"])]
    return listing(call, "users", [linked(call, "users", doc) for doc in found])


@ROUTES.on("GET", "/v3/users/{user}")
def show_user(call: Call) -> Answer:
    """Show a user: an admin anybody, everybody else oneself."""
    if call.params["user"] != call.user_id:
        need_admin(call, "get_user")
    return Answer(body={"user": linked(call, "users", need(call, "user", call.params["user"]))})


@ROUTES.on("POST", "/v3/users")
def create_user(call: Call) -> Answer:
    """Make a user."""
    need_admin(call, "create_user")
    body = call.body("user")
    if call.world.state.find("user", name=body["name"]):
        raise Refusal(
            409,
            "Conflict occurred attempting to store user - Duplicate entry found with name"
            f" {body['name']} at domain ID default.",
        )
    password = body.get("password") or secrets.token_urlsafe(24)
    doc = make_user(call.world.state, body["name"], password, body.get("default_project_id"))
    return Answer(201, {"user": linked(call, "users", doc)})


@ROUTES.on("PATCH", "/v3/users/{user}")
def change_user(call: Call) -> Answer:
    """Rename, enable, disable a user or set a new password."""
    need_admin(call, "update_user")
    doc, body = need(call, "user", call.params["user"]), call.body("user")
    doc |= {k: v for k, v in body.items() if k in ("name", "enabled", "default_project_id")}
    if "password" in body:
        salt = secrets.token_hex(16)
        digest = _digest(body["password"], salt)
        call.world.state.put("password", {"id": doc["id"], "salt": salt, "digest": digest})
    return Answer(body={"user": linked(call, "users", call.world.state.put("user", doc))})


@ROUTES.on("DELETE", "/v3/users/{user}")
def delete_user(call: Call) -> Answer:
    """Forget a user with the roles, keys and tokens."""
    need_admin(call, "delete_user")
    doc, state = need(call, "user", call.params["user"]), call.world.state
    for kind in ("grant", "credential"):
        for held in state.all(kind):
            if held["user_id"] == doc["id"]:
                state.drop(kind, held["id"])
    for token in state.all("token"):
        if token["user"]["id"] == doc["id"]:
            state.drop("token", token["id"])
    state.drop("password", doc["id"])
    state.drop("user", doc["id"])
    return Answer(204)
