"""What users keep in Keystone: EC2 keys, secrets of one-time passwords."""

import json

from opencbr.democloud.identity.ec2 import key_id
from opencbr.democloud.identity.routes import ROUTES, linked, listing, need, need_admin
from opencbr.democloud.identity.tokens import is_delegated
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc


@ROUTES.on("POST", "/v3/credentials")
def create(call: Call) -> Response:
    """Keep a credential of any type, for oneself or as an admin for anybody."""
    given = call.body("credential")
    blob, kind, user_id = given["blob"], given["type"], given["user_id"]
    if user_id != call.user_id:
        need_admin(call, "create_credential")
    _refuse_delegated(call)
    if kind == "ec2" and not given.get("project_id"):
        raise ApiError(400, "'project_id' is a required property")
    id_ = key_id(json.loads(blob)["access"]) if kind == "ec2" else new_hex()
    doc: Doc = {
        "id": id_,
        "user_id": user_id,
        "project_id": given.get("project_id"),
        "type": kind,
        "blob": blob,
    }
    return Response(201, {"credential": _shown(call, call.backend.state.put("credential", doc))})


@ROUTES.on("GET", "/v3/credentials")
def list_all(call: Call) -> Response:
    """List credentials: an admin sees all, everybody else their own."""
    wanted = {k: v for k, v in call.query.items() if k in ("type", "user_id")}
    found = [
        doc
        for doc in call.backend.state.all("credential")
        if (call.is_admin or doc["user_id"] == call.user_id) and all(doc[k] == v for k, v in wanted.items())
    ]
    seen = [] if is_delegated(call.claims) else found
    return listing(call, "credentials", [_shown(call, doc) for doc in seen])


@ROUTES.on("GET", "/v3/credentials/{credential}")
def show(call: Call) -> Response:
    """Show one credential, secret included, to its user or an admin."""
    return Response(body={"credential": _shown(call, _own(call, "get_credential"))})


@ROUTES.on("DELETE", "/v3/credentials/{credential}")
def delete(call: Call) -> Response:
    """Delete a credential."""
    call.backend.state.drop("credential", _own(call, "delete_credential")["id"])
    return Response(204)


def _own(call: Call, action: str) -> Doc:
    doc = need(call, "credential", call.params["credential"])
    if doc["user_id"] != call.user_id:
        need_admin(call, action)
    _refuse_delegated(call)
    return doc


def _refuse_delegated(call: Call) -> None:
    if is_delegated(call.claims):
        action = "Delegated tokens cannot access credentials directly"
        raise ApiError(403, f"You are not authorized to perform the requested action: {action}.")


def _shown(call: Call, doc: Doc) -> Doc:
    return linked(call, "credentials", doc)
