"""Tokens: issue, validate, revoke."""

import hashlib
import secrets
from datetime import datetime

from opencbr.democloud.backend import Backend
from opencbr.democloud.identity.catalog import catalog
from opencbr.democloud.identity.routes import ROUTES
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State

APPLICATION_CREDENTIAL = "application-credential"
"""The kind under which they are stored."""


def digest(token: str) -> str:
    """Return what a token or receipt is kept under: the file never holds one that could be used."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_token(backend: Backend, token: str) -> Doc | None:
    """Return the document of a token that is valid now, or None."""
    doc = backend.state.get("token", digest(token))
    if doc is None or datetime.fromisoformat(doc["expires_at"]) <= backend.clock.now():
        return None
    state = backend.state
    user = state.get("user", doc["user"]["id"])
    if user is None or not user["enabled"]:
        return None
    for kind, member in (("project", "project"), (APPLICATION_CREDENTIAL, "application_credential")):
        held = state.get(kind, doc[member]["id"]) if member in doc else None
        if member in doc and (held is None or not held.get("enabled", True)):
            return None
    return doc


def issue(state: State, doc: Doc) -> str:
    """Store what a token says, and return the token."""
    token = "gAAAAAB" + secrets.token_urlsafe(120)
    state.put("token", doc | {"id": digest(token)}, project="")
    return token


def is_delegated(doc: Doc) -> bool:
    """Say whether the token stands for less than its user, who has not signed in for it."""
    return not {"password", "totp", "token"}.issuperset(doc["methods"])


def shown(call: Call, doc: Doc) -> Doc:
    """Return the token as Keystone answers with it, its catalogue where the call wants that."""
    shown = {name: value for name, value in doc.items() if name != "id"}
    bound = shown.pop("application_credential", None)
    if not shown["roles"]:
        del shown["roles"]
    elif "nocatalog" not in call.query:
        project = doc.get("project", {}).get("id")
        shown["catalog"] = catalog(call.backend.state, call.base, project)
    return shown | ({"application_credential": bound} if bound else {})


@ROUTES.on("GET", "/v3/auth/tokens")
def validate(call: Call) -> Response:
    """Validate a token: admins and services may ask for any, everybody else for their own."""
    doc = _subject(call, "validate_token", may=bool({"admin", "service"} & call.roles))
    headers = {"X-Subject-Token": call.headers["x-subject-token"], "Vary": "X-Auth-Token"}
    return Response(200, {"token": shown(call, doc)}, headers)


@ROUTES.on("DELETE", "/v3/auth/tokens")
def revoke(call: Call) -> Response:
    """Revoke a token, and those that came of it unless the query says `cascade=false`."""
    doc, state = _subject(call, "revoke_token", may=call.is_admin), call.backend.state
    state.drop("token", doc["id"])
    if call.query.get("cascade", "true").lower() not in ("false", "0", "no"):
        for other in state.all("token"):
            if other["audit_ids"][-1] == doc["audit_ids"][0]:
                state.drop("token", other["id"])
    return Response(204)


def _subject(call: Call, action: str, *, may: bool) -> Doc:
    """Return the token that the call is about; refuses another user's (403) unless the caller `may`, and unknown ones."""
    subject = call.headers.get("x-subject-token", "")
    doc = find_token(call.backend, subject)
    if not may and (not subject or (doc is not None and doc["user"]["id"] != call.user_id)):
        raise ApiError(403, f"You are not authorized to perform the requested action: identity:{action}.")
    if doc is None:
        raise ApiError(404, "Could not recognize Fernet token" if subject else "No token in the request")
    return doc


@ROUTES.on("GET", "/v3/auth/catalog")
def show_catalog(call: Call) -> Response:
    """Show the catalogue."""
    entries = catalog(call.backend.state, call.base, call.project_id or None)
    return Response(body={"catalog": entries, "links": {"self": f"{call.base}/v3/auth/catalog"}})
