"""The calls of Keystone, registered by the modules beside this one, and what they share."""

from typing import Any

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.routing import Routes
from opencbr.democloud.state import Doc

ROUTES = Routes()
DOMAIN: Doc = {"id": "default", "name": "Default"}
UNAUTHORIZED = "The request you have made requires authentication."


def need(call: Call, kind: str, id_: str) -> Doc:
    """Return the document of that kind ("user", "project", …); refuses with 404."""
    doc = call.backend.state.get(kind, id_)
    if doc is None:
        raise ApiError(404, f"Could not find {kind}: {id_}.")
    return doc


def need_admin(call: Call, action: str) -> None:
    """Refuse (403) everybody but an admin."""
    if not call.is_admin:
        raise ApiError(403, f"You are not authorized to perform the requested action: identity:{action}.")


def listing(call: Call, name: str, items: list[Any]) -> Response:
    """Answer with a list the way Keystone does, its own address included."""
    address = f"{call.base}{call.path}" + (f"?{call.query_text}" if call.query_text else "")
    return Response(body={name: items, "links": {"next": None, "self": address, "previous": None}})


def linked(call: Call, kind: str, doc: Doc) -> Doc:
    """Add the link of the resource, as every Keystone body has it."""
    return doc | {"links": {"self": f"{call.base}/v3/{kind}/{doc['id']}"}}


@ROUTES.on("GET", "/", open=True)
def versions(call: Call) -> Response:
    """List the versions."""
    address = f"{call.base}/v3/"
    return Response(300, {"versions": {"values": [_version(call)]}}, {"Location": address})


@ROUTES.on("GET", "/v3", open=True)
def version(call: Call) -> Response:
    """Show the one version there is."""
    return Response(body={"version": _version(call)})


def _version(call: Call) -> Doc:
    media = {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
    links = [{"rel": "self", "href": f"{call.base}/v3/"}]
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": links,
        "media-types": [media],
    }
