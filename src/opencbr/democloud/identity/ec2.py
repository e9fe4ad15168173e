"""EC2 credentials: the access and secret keys of a user on a project."""

import hashlib
import json
import secrets

from opencbr.democloud.identity.roles import effective
from opencbr.democloud.identity.routes import ROUTES, listing, need, need_admin
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State


def key_id(access: str) -> str:
    """Return Keystone's id of an EC2 credential: the SHA-256 of its access key, in hex."""
    return hashlib.sha256(access.encode()).hexdigest()


def make_access_key(
    state: State, user_id: str, project_id: str, *, access: str = "", secret: str = ""
) -> Doc:
    """Store a key pair; both halves are made when not given."""
    access, secret = access or secrets.token_hex(16), secret or secrets.token_hex(16)
    doc: Doc = {"id": key_id(access), "user_id": user_id, "project_id": project_id, "type": "ec2"}
    doc["blob"] = json.dumps({"access": access, "secret": secret, "trust_id": None})
    state.put("credential", doc)
    return doc


def _ec2(call: Call, doc: Doc) -> Doc:
    blob = json.loads(doc["blob"])
    address = f"{call.base}/v3/users/{doc['user_id']}/credentials/OS-EC2/{blob['access']}"
    shown: Doc = {"user_id": doc["user_id"], "tenant_id": doc["project_id"], "access": blob["access"]}
    return shown | {"secret": blob["secret"], "trust_id": None, "links": {"self": address}}


def _own_or_admin(call: Call, action: str) -> str:
    user_id = call.params["user"]
    if user_id != call.user_id:
        need_admin(call, action)
    return str(need(call, "user", user_id)["id"])


@ROUTES.on("POST", "/v3/users/{user}/credentials/OS-EC2")
def create_ec2(call: Call) -> Response:
    """Create a key pair for a project on which the user has a role."""
    user_id, state = _own_or_admin(call, "ec2_create_credential"), call.backend.state
    project = need(call, "project", str(call.body().get("tenant_id")))
    if not effective(state, user_id, scope="project", target=project["id"]):
        raise ApiError(401, "User not valid for project")
    return Response(201, {"credential": _ec2(call, make_access_key(state, user_id, project["id"]))})


@ROUTES.on("GET", "/v3/users/{user}/credentials/OS-EC2")
def list_ec2(call: Call) -> Response:
    """List the key pairs of a user."""
    user_id = _own_or_admin(call, "ec2_list_credentials")
    found = [
        doc
        for doc in call.backend.state.all("credential")
        if (doc["user_id"], doc["type"]) == (user_id, "ec2")
    ]
    return listing(call, "credentials", [_ec2(call, doc) for doc in found])


@ROUTES.on("GET", "/v3/users/{user}/credentials/OS-EC2/{access}")
def show_ec2(call: Call) -> Response:
    """Show a key pair."""
    _own_or_admin(call, "ec2_get_credential")
    return Response(body={"credential": _ec2(call, need(call, "credential", key_id(call.params["access"])))})


@ROUTES.on("DELETE", "/v3/users/{user}/credentials/OS-EC2/{access}")
def delete_ec2(call: Call) -> Response:
    """Delete a key pair."""
    _own_or_admin(call, "ec2_delete_credential")
    call.backend.state.drop("credential", need(call, "credential", key_id(call.params["access"]))["id"])
    return Response(204)
