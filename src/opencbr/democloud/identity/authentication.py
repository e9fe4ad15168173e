"""Signing in: what each method proves, and the token or the receipt that comes of it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from opencbr.democloud.clock import as_token_time
from opencbr.democloud.identity import application_credential_sign_in, receipts, totp
from opencbr.democloud.identity.roles import effective
from opencbr.democloud.identity.routes import DOMAIN, ROUTES, UNAUTHORIZED
from opencbr.democloud.identity.tokens import find_token, is_delegated, issue, shown
from opencbr.democloud.identity.users import find_user, password_fits
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc

LIFETIME = timedelta(hours=4)


@dataclass(frozen=True)
class Proof:
    """Who has proved to be whom, by an earlier token or an application credential where it was one."""

    user: Doc
    earlier: Doc | None = None
    application_credential: Doc | None = None


def _by_password(call: Call, given: Doc) -> Proof:
    user = _known(call, given)
    if not password_fits(call.backend.state, user["id"], str(given["user"].get("password", ""))):
        raise ApiError(401, UNAUTHORIZED)
    return Proof(user)


def _by_passcode(call: Call, given: Doc) -> Proof:
    user = _known(call, given)
    held = [doc for doc in call.backend.state.all("credential") if doc["user_id"] == user["id"]]
    blobs = [doc["blob"] for doc in held if doc["type"] == "totp"]
    if not totp.fits(blobs, str(given["user"].get("passcode", "")), call.backend.clock.now()):
        raise ApiError(401, UNAUTHORIZED)
    return Proof(user)


def _by_token(call: Call, given: Doc) -> Proof:
    earlier = find_token(call.backend, str(given.get("id", "")))
    user = call.backend.state.get("user", earlier["user"]["id"]) if earlier else None
    if earlier is None or user is None:
        raise ApiError(404, "Could not recognize Fernet token")
    if is_delegated(earlier):
        action = "Using a delegated token to create another token is not allowed."
        raise ApiError(403, f"You are not authorized to perform the requested action: {action}.")
    return Proof(user, earlier=earlier)


def _by_application_credential(call: Call, given: Doc) -> Proof:
    doc, user = application_credential_sign_in.authenticate(call, given)
    return Proof(user, application_credential=doc)


_METHODS: dict[str, Callable[[Call, Doc], Proof]] = {
    "password": _by_password,
    "totp": _by_passcode,
    "token": _by_token,
    "application_credential": _by_application_credential,
}


def _known(call: Call, given: Doc) -> Doc:
    user = find_user(call.backend.state, given.get("user", {}))
    if user is None or not user["enabled"]:
        raise ApiError(401, UNAUTHORIZED)
    return user


@ROUTES.on("POST", "/v3/auth/tokens", open=True)
def sign_in(call: Call) -> Response:
    """Issue a token for all methods given; a receipt where the user's rules want more than these."""
    auth = call.body("auth")
    identity = auth.get("identity", {})
    names = list(dict.fromkeys(identity.get("methods", [])))
    if "application_credential" in names and "scope" in auth:
        raise ApiError(401, UNAUTHORIZED)  # its scope is its project
    if not names or not set(names) <= set(_METHODS):
        raise ApiError(401, UNAUTHORIZED)
    proofs = [_METHODS[name](call, identity[name]) for name in names]
    user = proofs[0].user
    if len({proof.user["id"] for proof in proofs}) > 1:
        raise ApiError(401, UNAUTHORIZED)
    earlier = next((proof.earlier for proof in proofs if proof.earlier), None)
    bound = next((proof.application_credential for proof in proofs if proof.application_credential), None)
    earlier_methods = earlier["methods"] if earlier else []
    methods = list(dict.fromkeys([*names, *earlier_methods, *receipts.methods(call, user)]))
    if not receipts.are_enough(user, methods):
        return receipts.refuse(call, user, methods)
    doc = _claims(call, user, methods, earlier)
    if bound:
        doc |= application_credential_sign_in.claims(call, bound, doc["expires_at"])
    else:
        doc |= _scope(call, user, auth.get("scope"))
    token = issue(call.backend.state, doc)
    return Response(201, {"token": shown(call, doc)}, {"X-Subject-Token": token, "Vary": "X-Auth-Token"})


def _claims(call: Call, user: Doc, methods: list[str], earlier: Doc | None) -> Doc:
    now = call.backend.clock.now()
    who = {"domain": DOMAIN, "id": user["id"], "name": user["name"], "password_expires_at": None}
    return {
        "methods": methods,
        "user": who,
        "audit_ids": [secrets.token_urlsafe(16), *(earlier["audit_ids"][-1:] if earlier else [])],
        "expires_at": earlier["expires_at"] if earlier else as_token_time(now + LIFETIME),
        "issued_at": as_token_time(now),
    }


def _scope(call: Call, user: Doc, scope: Doc | str | None) -> Doc:
    state = call.backend.state
    if scope is None and user.get("default_project_id"):
        scope = {"project": {"id": user["default_project_id"]}}
    if not isinstance(scope, dict) or "unscoped" in scope:
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
