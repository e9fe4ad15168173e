"""Tokens: issue, validate, revoke."""

import hashlib
import secrets
from datetime import datetime, timedelta

from opencbr.democloud.backend import Backend
from opencbr.democloud.clock import as_token_time
from opencbr.democloud.identity.catalog import catalog
from opencbr.democloud.identity.roles import effective
from opencbr.democloud.identity.routes import DOMAIN, ROUTES, UNAUTHORIZED
from opencbr.democloud.identity.users import password_fits
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State

LIFETIME = timedelta(hours=4)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()  # the file never holds a token that could be used


def find_token(backend: Backend, token: str) -> Doc | None:
    """Return the document of a token that is valid now, or None."""
    doc = backend.state.get("token", _key(token))
    if doc is None or datetime.fromisoformat(doc["expires_at"]) <= backend.clock.now():
        return None
    user = backend.state.get("user", doc["user"]["id"])
    project = backend.state.get("project", doc["project"]["id"]) if "project" in doc else None
    gone = (
        user is None
        or not user["enabled"]
        or ("project" in doc and (project is None or not project["enabled"]))
    )
    return None if gone else doc


@ROUTES.on("POST", "/v3/auth/tokens", open=True)
def log_in(call: Call) -> Response:
    """Issue a token for a password or another token; its scope is a project, a domain or nothing."""
    auth, state = call.body("auth"), call.backend.state
    identity = auth.get("identity", {})
    methods = identity.get("methods", [])
    earlier: Doc | None = None
    if "token" in methods:
        earlier = find_token(call.backend, str(identity.get("token", {}).get("id", "")))
        user = state.get("user", earlier["user"]["id"]) if earlier else None
    elif "password" in methods:
        user = _user_by_password(state, identity.get("password", {}).get("user", {}))
    else:
        user = None
    if user is None or not user["enabled"]:
        raise ApiError(401, UNAUTHORIZED)
    now = call.backend.clock.now()
    doc: Doc = {"methods": ["token", "password"] if earlier else ["password"]}
    doc["user"] = {"domain": DOMAIN, "id": user["id"], "name": user["name"], "password_expires_at": None}
    doc["audit_ids"] = [secrets.token_urlsafe(16), *(earlier["audit_ids"][-1:] if earlier else [])]
    doc["expires_at"] = earlier["expires_at"] if earlier else as_token_time(now + LIFETIME)
    doc["issued_at"] = as_token_time(now)
    doc |= _scope(state, user, auth.get("scope"))
    token = "gAAAAAB" + secrets.token_urlsafe(120)
    state.put("token", doc | {"id": _key(token)}, project="")
    return Response(201, {"token": _shown(call, doc)}, {"X-Subject-Token": token, "Vary": "X-Auth-Token"})


def _user_by_password(state: State, given: Doc) -> Doc | None:
    if "id" in given:
        user = state.get("user", str(given["id"]))
    else:
        domain = given.get("domain", {})
        fits = domain.get("id") == DOMAIN["id"] or domain.get("name") == DOMAIN["name"]
        user = state.find("user", name=given.get("name")) if fits else None
    if user is None or not password_fits(state, user["id"], str(given.get("password", ""))):
        return None
    return user


def _scope(state: State, user: Doc, scope: Doc | str | None) -> Doc:
    if scope is None and user.get("default_project_id"):
        scope = {"project": {"id": user["default_project_id"]}}
    if not isinstance(scope, dict):  # "unscoped", or nothing at all
        return {"roles": []}
    for kind in ("project", "domain"):
        wanted = scope.get(kind)
        if wanted is None:
            continue
        target = (
            state.get(kind, wanted["id"]) if "id" in wanted else state.find(kind, name=wanted.get("name"))
        )
        held = effective(state, user["id"], scope=kind, target=target["id"]) if target else []
        if target is None or not held or not target["enabled"]:
            raise ApiError(401, UNAUTHORIZED)
        roles = [{"id": role["id"], "name": role["name"]} for _, role in held]
        place = {"id": target["id"], "name": target["name"]}
        if kind == "domain":
            return {"domain": place, "roles": roles}
        return {"project": {"domain": DOMAIN, **place}, "is_domain": False, "roles": roles}
    raise ApiError(401, UNAUTHORIZED)


def _shown(call: Call, doc: Doc) -> Doc:
    shown = {name: value for name, value in doc.items() if name != "id"}
    if not shown["roles"]:
        del shown["roles"]
    elif "nocatalog" not in call.query:
        project = doc.get("project", {}).get("id")
        shown["catalog"] = catalog(call.backend.state, call.base, project)
    return shown


@ROUTES.on("GET", "/v3/auth/tokens")
def validate(call: Call) -> Response:
    """Validate a token: admins and services may ask for any, everybody else for their own."""
    subject = call.headers.get("x-subject-token", "")
    if not {"admin", "service"} & call.roles and subject != call.headers.get("x-auth-token"):
        raise ApiError(
            403, "You are not authorized to perform the requested action: identity:validate_token."
        )
    doc = find_token(call.backend, subject)
    if doc is None:
        raise ApiError(404, "Could not recognize Fernet token" if subject else "No token in the request")
    headers = {"X-Subject-Token": subject, "Vary": "X-Auth-Token"}
    return Response(200, {"token": _shown(call, doc)}, headers)


@ROUTES.on("DELETE", "/v3/auth/tokens")
def revoke(call: Call) -> Response:
    """Revoke a token."""
    subject = call.headers.get("x-subject-token", "")
    doc = find_token(call.backend, subject)
    if doc is None:
        raise ApiError(404, "Could not recognize Fernet token" if subject else "No token in the request")
    if not call.is_admin and doc["user"]["id"] != call.user_id:
        raise ApiError(403, "You are not authorized to perform the requested action: identity:revoke_token.")
    call.backend.state.drop("token", doc["id"])
    return Response(204)


@ROUTES.on("GET", "/v3/auth/catalog")
def show_catalog(call: Call) -> Response:
    """Show the catalogue."""
    entries = catalog(call.backend.state, call.base, call.project_id or None)
    return Response(body={"catalog": entries, "links": {"self": f"{call.base}/v3/auth/catalog"}})
