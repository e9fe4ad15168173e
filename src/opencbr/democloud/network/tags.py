"""Tags of networks, ports and all else that has Neutron's standard attributes."""

from opencbr.democloud.network.routes import ROUTES, bump_revision, need_own
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response

_KINDS = {
    "networks": "network",
    "subnets": "subnet",
    "ports": "port",
    "security-groups": "security-group",
    "trunks": "trunk",
    "floatingips": "floatingip",
    "routers": "router",
}


@ROUTES.on("PUT", "/v2.0/{collection}/{thing}/tags")
def replace(call: Call) -> Response:
    """Replace the tags of a thing."""
    kind = _KINDS.get(call.params["collection"])
    if kind is None:
        raise ApiError(404, "The resource could not be found.", "HTTPNotFound")
    doc = need_own(call, kind, call.params["thing"])
    tags = sorted(set(call.body().get("tags") or []))
    call.backend.state.put(kind, bump_revision(call.backend, doc) | {"tags": tags})
    return Response(body={"tags": tags})
