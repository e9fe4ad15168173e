"""Signing in with an application credential: who that is, and what the token is good for."""

from datetime import datetime

from opencbr.democloud.clock import as_token_time
from opencbr.democloud.identity.application_credentials import need_credential
from opencbr.democloud.identity.routes import DOMAIN, UNAUTHORIZED
from opencbr.democloud.identity.secret_digests import fits
from opencbr.democloud.identity.tokens import APPLICATION_CREDENTIAL
from opencbr.democloud.identity.users import find_user
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError
from opencbr.democloud.state import Doc


def authenticate(call: Call, given: Doc) -> tuple[Doc, Doc]:
    """Return an application credential and its user for the secret; refuses (401), an unknown id with 404."""
    doc = _named(call, given)
    user = call.backend.state.get("user", doc["user_id"])
    end = doc["expires_at"]
    over = end is not None and datetime.fromisoformat(end + "+00:00") <= call.backend.clock.now()
    good = fits(doc["secret"], str(given.get("secret", "")))
    if user is None or not user["enabled"] or over or not good:
        raise ApiError(401, UNAUTHORIZED)
    return doc, user


def _named(call: Call, given: Doc) -> Doc:
    if "id" in given:
        return need_credential(call, str(given["id"]))
    user = find_user(call.backend.state, given.get("user", {}))
    if user is None:
        raise ApiError(404, f"Could not find user: {given['user']['name']}.")
    doc = call.backend.state.find(APPLICATION_CREDENTIAL, user_id=user["id"], name=given.get("name"))
    if doc is None:
        raise ApiError(401, UNAUTHORIZED)
    return doc


def claims(call: Call, doc: Doc, expires_at: str) -> Doc:
    """Return the part of a token that says where it is good, as what, and how long at most."""
    project = call.backend.state.get("project", doc["project_id"])
    if project is None or not project["enabled"]:
        raise ApiError(401, UNAUTHORIZED)
    end = doc["expires_at"]
    return {
        "expires_at": min(expires_at, as_token_time(datetime.fromisoformat(end))) if end else expires_at,
        "project": {"domain": DOMAIN, "id": project["id"], "name": project["name"]},
        "is_domain": False,
        "roles": [{"id": role["id"], "name": role["name"]} for role in doc["roles"]],
        "application_credential": {
            "id": doc["id"],
            "name": doc["name"],
            "restricted": not doc["unrestricted"],
        },
    }
