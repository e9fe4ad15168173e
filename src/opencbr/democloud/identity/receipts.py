"""A second factor: which methods a user must bring together, and the receipt for those brought so far."""

import secrets
from datetime import datetime, timedelta

from opencbr.democloud.clock import as_token_time
from opencbr.democloud.identity.routes import DOMAIN
from opencbr.democloud.identity.tokens import digest
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc

LIFETIME = timedelta(minutes=5)
HEADER = "Openstack-Auth-Receipt"


def are_enough(user: Doc, methods: list[str]) -> bool:
    """Say whether the methods fulfil one of the user's rules, if there are any."""
    rules = user["options"].get("multi_factor_auth_rules") or []
    if not rules or not user["options"].get("multi_factor_auth_enabled", True):
        return True
    return any(set(rule) <= set(methods) for rule in rules)


def refuse(call: Call, user: Doc, methods: list[str]) -> Response:
    """Answer with a receipt for the methods, and the rules that begin with them."""
    now, state = call.backend.clock.now(), call.backend.state
    for old in state.all("receipt"):
        if datetime.fromisoformat(old["expires_at"]) <= now:
            state.drop("receipt", old["id"])
    receipt = "gAAAAAB" + secrets.token_urlsafe(100)
    kept: Doc = {"id": digest(receipt), "user_id": user["id"], "methods": methods}
    kept |= {"expires_at": as_token_time(now + LIFETIME), "issued_at": as_token_time(now)}
    state.put("receipt", kept)
    who = {"id": user["id"], "name": user["name"], "domain": DOMAIN}
    shown: Doc = {"methods": methods, "user": who}
    shown |= {name: kept[name] for name in ("expires_at", "issued_at")}
    rules = [rule for rule in user["options"]["multi_factor_auth_rules"] if set(rule) & set(methods)]
    body: Doc = {"receipt": shown, "required_auth_methods": rules}
    return Response(401, body, {HEADER: receipt, "Vary": "X-Auth-Token"})


def methods(call: Call, user: Doc) -> list[str]:
    """Return what the request's receipt says was proved before; nothing where it has none. Refuses (401) a bad one."""
    given = call.headers.get(HEADER.lower())
    if not given:
        return []
    kept = call.backend.state.get("receipt", digest(given))
    if (
        kept is None
        or kept["user_id"] != user["id"]
        or datetime.fromisoformat(kept["expires_at"]) <= call.backend.clock.now()
    ):
        raise ApiError(401, f"Could not find auth receipt: {given}.")
    found: list[str] = kept["methods"]
    return found
