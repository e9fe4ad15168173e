"""The calls of Nova, registered by the modules beside this one, and what they share."""

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.routing import Routes
from opencbr.democloud.state import Doc

ROUTES = Routes()
HOST = "democloud"
NEWEST = "2.104"
SERVER = "/v2.1/servers/{server}"


def need_server(call: Call) -> Doc:
    """Return the caller's server; a foreign or unknown one is refused with 404."""
    wanted = call.params["server"]
    doc = call.backend.state.get("server", wanted)
    if doc is None or not call.owns(doc):
        action = call.path.endswith("/action")
        reason = "has no mapping to a cell." if action else "could not be found."
        raise ApiError(404, f"Instance {wanted} {reason}")
    return doc


def need_unlocked(call: Call, doc: Doc) -> None:
    """Refuse (409) to touch a locked server; an admin may."""
    if doc["locked"] and not call.is_admin:
        raise ApiError(409, f"Instance {doc['id']} is locked")


def need_status(doc: Doc, verb: str, statuses: set[str]) -> None:
    """Refuse (409) an action on a server that has another status, or is at another task."""
    if doc["status"] in statuses and not doc["task_state"]:
        return
    state = {"ACTIVE": "active", "SHUTOFF": "stopped", "BUILD": "building"}.get(doc["status"], "error")
    where = f"task_state {doc['task_state']}" if doc["task_state"] else f"vm_state {state}"
    raise ApiError(409, f"Cannot '{verb}' instance {doc['id']} while it is in {where}")


def need_admin(call: Call, rule: str) -> None:
    """Refuse (403) everybody but an admin, naming Nova's policy rule."""
    if not call.is_admin:
        raise ApiError(403, f"Policy doesn't allow {rule} to be performed.")


def need_member(call: Call, rule: str) -> None:
    """Refuse (403) those who may only read."""
    if not {"admin", "member"} & call.roles:
        raise ApiError(403, f"Policy doesn't allow {rule} to be performed.")


def bookmark(call: Call, kind: str, id_: str) -> Doc:
    """Return the link without a version that Nova adds to every resource."""
    return {"rel": "bookmark", "href": f"{call.base}/{kind}/{id_}"}


def links(call: Call, kind: str, id_: str) -> list[Doc]:
    """Return the two links of a resource."""
    return [{"rel": "self", "href": f"{call.base}/v2.1/{kind}/{id_}"}, bookmark(call, kind, id_)]


@ROUTES.on("GET", "/", open=True)
def versions(call: Call) -> Response:
    """List the versions."""
    return Response(body={"versions": [_version(call)]})


@ROUTES.on("GET", "/v2.1", open=True)
def version(call: Call) -> Response:
    """Show the one version there is."""
    doc = _version(call)
    doc["links"].append({"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
    media = {"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}
    return Response(body={"version": doc | {"media-types": [media]}})


def _version(call: Call) -> Doc:
    own = [{"rel": "self", "href": f"{call.base}/v2.1/"}]
    doc: Doc = {"id": "v2.1", "status": "CURRENT", "version": NEWEST, "min_version": "2.1"}
    return doc | {"updated": "2013-07-23T11:33:21Z", "links": own}
