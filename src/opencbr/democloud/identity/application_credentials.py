"""Application credentials: what a user's programs sign in with, each for one project."""

import secrets
from datetime import datetime

from opencbr.democloud.identity.roles import implied
from opencbr.democloud.identity.routes import ROUTES, linked, listing, need_admin
from opencbr.democloud.identity.secret_digests import salted
from opencbr.democloud.identity.tokens import APPLICATION_CREDENTIAL as KIND
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc

_PATH = "/v3/users/{user}/application_credentials"
_NOT_AUTHORIZED = "You are not authorized to perform the requested action: "


@ROUTES.on("POST", _PATH)
def create(call: Call) -> Response:
    """Make one for the token's project; the secret is shown this once."""
    if call.params["user"] != call.user_id:
        raise ApiError(403, f"{_NOT_AUTHORIZED}identity:create_application_credential.")
    _refuse_restricted(call)
    given, state = call.body("application_credential"), call.backend.state
    if state.find(KIND, user_id=call.user_id, name=given["name"]):
        raise ApiError(
            409,
            "Conflict occurred attempting to store application_credential - Duplicate entry found with name"
            f" {given['name']}.",
        )
    secret = given.get("secret") or secrets.token_urlsafe(64)
    doc: Doc = {"id": new_hex(), "name": given["name"], "description": given.get("description")}
    doc |= {"user_id": call.user_id, "project_id": call.project_id or None, "system": None}
    doc |= {
        "expires_at": _end(call, given.get("expires_at")),
        "unrestricted": given.get("unrestricted"),
    }
    doc["roles"] = _roles(call, given.get("roles"))
    state.put(KIND, doc | {"secret": salted(secret)})
    return Response(201, {"application_credential": _shown(call, doc | {"secret": secret})})


def _refuse_restricted(call: Call) -> None:
    if call.claims.get("application_credential", {}).get("restricted"):
        action = "Using method 'application_credential' is not allowed for managing additional application credentials."
        raise ApiError(403, f"{_NOT_AUTHORIZED}{action}.")


def _end(call: Call, given: str | None) -> str | None:
    if not given:
        return None
    end = datetime.fromisoformat(given)
    end = end if end.tzinfo else end.replace(tzinfo=call.backend.clock.now().tzinfo)
    if end <= call.backend.clock.now():
        raise ApiError(
            400,
            "The 'expires_at' must not be before now. The server could not comply with the request since it is"
            " either malformed or otherwise incorrect. The client is assumed to be in error.",
        )
    return end.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _roles(call: Call, given: list[Doc] | None) -> list[Doc]:
    """Return the roles asked for with those they imply, all of the token's when none is; refuses (400) others."""
    held = {role["id"] for role in call.claims["roles"]}
    every = call.backend.state.all("role")
    if not given:
        return [role for role in every if role["id"] in held]
    asked = [
        role
        for role in every
        if any(one.get("id") == role["id"] or one.get("name") == role["name"] for one in given)
    ]
    wanted = {role["id"]: role for one in asked for role in implied(call.backend.state, one)}
    if len(asked) < len(given) or not set(wanted) <= held:
        raise ApiError(
            400,
            "Invalid application credential: Cannot create an application credential with unassigned role",
        )
    return list(wanted.values())


@ROUTES.on("GET", _PATH)
def list_all(call: Call) -> Response:
    """List those of a user, by name."""
    _owner_or_admin(call, call.params["user"], "list_application_credentials")
    name = call.query.get("name")
    found = [
        doc
        for doc in call.backend.state.all(KIND)
        if doc["user_id"] == call.params["user"] and name in (None, doc["name"])
    ]
    return listing(call, "application_credentials", [_shown(call, _without_secret(doc)) for doc in found])


@ROUTES.on("GET", _PATH + "/{id}")
def show(call: Call) -> Response:
    """Show one, without its secret."""
    doc = need_credential(call, call.params["id"])
    _owner_or_admin(call, doc["user_id"], "get_application_credential")
    return Response(body={"application_credential": _shown(call, _without_secret(doc))})


@ROUTES.on("DELETE", _PATH + "/{id}")
def delete(call: Call) -> Response:
    """Delete one: what was signed in with it is signed out."""
    doc = need_credential(call, call.params["id"])
    _owner_or_admin(call, doc["user_id"], "delete_application_credential")
    _refuse_restricted(call)
    call.backend.state.drop(KIND, doc["id"])
    return Response(204)


def need_credential(call: Call, id_: str) -> Doc:
    """Return the application credential; refuses with 404."""
    doc = call.backend.state.get(KIND, id_)
    if doc is None:
        raise ApiError(404, f"Could not find Application Credential: {id_}.")
    return doc


def _owner_or_admin(call: Call, user_id: str, action: str) -> None:
    if user_id != call.user_id:
        need_admin(call, action)


def _without_secret(doc: Doc) -> Doc:
    return {name: value for name, value in doc.items() if name != "secret"}


def _shown(call: Call, doc: Doc) -> Doc:
    return linked(call, "application_credentials", doc)
