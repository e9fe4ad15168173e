"""Transfers: a volume is offered by one project and taken by another, with a key that is told once."""

import secrets

from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import PROJECT, ROUTES, links, need, need_member
from opencbr.democloud.volume.status import set_status

_PATH = PROJECT + "/os-volume-transfer"


def _view(call: Call, doc: Doc, *names: str) -> Doc:
    return pick(doc, *names) | {"links": links(call, "os-volume-transfer", doc["id"])}


def _shown(call: Call, doc: Doc) -> Doc:
    return _view(call, doc, "id", "created_at", "name", "volume_id")


@ROUTES.on("POST", _PATH)
def create(call: Call) -> Response:
    """Offer a volume that is free."""
    need_member(call, "volume:create_transfer")
    body, state = call.body("transfer"), call.backend.state
    volume = need(call, "volume", body["volume_id"])
    if volume["status"] != "available":
        raise ApiError(400, "Invalid volume: status must be available")
    if volume.get("encryption_key_id"):
        raise ApiError(400, "Invalid volume: transferring encrypted volume is not supported")
    doc: Doc = {"id": new_uuid(), "created_at": call.backend.clock.long_time(), "name": body.get("name")}
    doc |= {"volume_id": volume["id"], "auth_key": secrets.token_hex(8), "project_id": volume["project_id"]}
    state.put("transfer", doc)
    set_status(call.backend, "volume", volume["id"], "awaiting-transfer")
    shown = _view(call, doc, "id", "created_at", "name", "volume_id", "auth_key")
    return Response(202, {"transfer": shown})


@ROUTES.on("GET", _PATH + "/detail")
def index(call: Call) -> Response:
    """List the offers of the project that nobody has taken."""
    found = call.backend.state.all("transfer", call.project_id)
    return Response(body={"transfers": [_shown(call, doc) for doc in found]})


@ROUTES.on("GET", _PATH + "/{transfer}")
def show(call: Call) -> Response:
    """Show an offer of the project."""
    doc = need(call, "transfer", call.params["transfer"])
    return Response(body={"transfer": _shown(call, doc)})


@ROUTES.on("DELETE", _PATH + "/{transfer}")
def delete(call: Call) -> Response:
    """Take an offer back."""
    need_member(call, "volume:delete_transfer")
    doc = need(call, "transfer", call.params["transfer"])
    call.backend.state.drop("transfer", doc["id"])
    set_status(call.backend, "volume", doc["volume_id"], "available")
    return Response(202)


@ROUTES.on("POST", _PATH + "/{transfer}/accept")
def accept(call: Call) -> Response:
    """Take a volume: it is the caller's project's from then on."""
    need_member(call, "volume:accept_transfer")
    wanted, state = call.params["transfer"], call.backend.state
    doc = state.get("transfer", wanted)
    if doc is None:
        raise ApiError(404, f"Transfer {wanted} could not be found.")
    if call.body("accept").get("auth_key") != doc["auth_key"]:
        raise ApiError(400, f"Invalid auth key: Attempt to transfer {wanted} with invalid auth key.")
    volume = state.get("volume", doc["volume_id"])
    assert volume is not None, "a volume that is offered is not deleted"
    check_quota(call.backend, call.project_id, volumes=1, gigabytes=volume["size"])
    state.drop("transfer", doc["id"])
    state.put("volume", volume | {"project_id": call.project_id, "user_id": call.user_id})
    set_status(call.backend, "volume", volume["id"], "available")
    return Response(202, {"transfer": _view(call, doc, "id", "volume_id", "name")})
