"""Flavors: those for everybody, and private ones for the projects that are let in."""

from opencbr.democloud.compute.routes import ROUTES, links, need_admin
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc


def flavor_view(call: Call, doc: Doc) -> Doc:
    """Show a flavor."""
    modern = call.at_least("2.75")
    shown: Doc = {"id": doc["id"], "name": doc["name"], "ram": doc["ram"], "disk": doc["disk"]}
    shown |= {"swap": doc["swap"] if modern or doc["swap"] else "", "OS-FLV-EXT-DATA:ephemeral": 0}
    if not modern:
        shown["OS-FLV-DISABLED:disabled"] = False
    shown |= {"vcpus": doc["vcpus"], "os-flavor-access:is_public": doc.get("is_public", True)}
    if not modern:
        shown["rxtx_factor"] = 1.0
    shown["links"] = links(call, "flavors", doc["id"])
    if call.at_least("2.55"):
        shown["description"] = doc["description"]
    if call.at_least("2.61"):
        shown["extra_specs"] = doc["extra_specs"]
    return shown


@ROUTES.on("GET", "/v2.1/flavors")
@ROUTES.on("GET", "/v2.1/flavors/detail")
def list_flavors(call: Call) -> Response:
    """List the flavors: the public ones, and the private ones that the caller's project may use."""
    flavors = [doc for doc in call.backend.state.all("flavor") if call.may_use(doc)]
    if call.path.rstrip("/").endswith("/detail"):
        return Response(body={"flavors": [flavor_view(call, doc) for doc in flavors]})
    short = [{"id": d["id"], "name": d["name"], "links": links(call, "flavors", d["id"])} for d in flavors]
    return Response(body={"flavors": short})


@ROUTES.on("GET", "/v2.1/flavors/{flavor}")
def show_flavor(call: Call) -> Response:
    """Show one flavor."""
    return Response(body={"flavor": flavor_view(call, need_flavor(call, call.params["flavor"]))})


@ROUTES.on("GET", "/v2.1/flavors/{flavor}/os-extra_specs")
def show_extra_specs(call: Call) -> Response:
    """Show the extra specs of a flavor."""
    return Response(body={"extra_specs": need_flavor(call, call.params["flavor"])["extra_specs"]})


def need_flavor(call: Call, id_: str) -> Doc:
    """Return a flavor that the caller may use; refuses with 404."""
    doc = call.backend.state.get("flavor", id_)
    if doc is None or not (call.is_admin or call.may_use(doc)):
        raise ApiError(404, f"Flavor {id_} could not be found.")
    return doc


@ROUTES.on("POST", "/v2.1/flavors")
def create_flavor(call: Call) -> Response:
    """Create a flavor, for everybody or (`os-flavor-access:is_public` false) for nobody yet."""
    need_admin(call, "os_compute_api:os-flavor-manage:create")
    body = call.body("flavor")
    doc: Doc = {"id": body.get("id") or new_uuid(), "name": body["name"], "swap": int(body.get("swap") or 0)}
    doc |= {name: int(body[name]) for name in ("ram", "vcpus", "disk")} | {"ephemeral": 0}
    doc |= {"description": body.get("description"), "extra_specs": {}, "projects": []}
    doc["is_public"] = bool(body.get("os-flavor-access:is_public", True))
    return Response(body={"flavor": flavor_view(call, call.backend.state.put("flavor", doc, project=""))})


@ROUTES.on("DELETE", "/v2.1/flavors/{flavor}")
def delete_flavor(call: Call) -> Response:
    """Delete a flavor."""
    need_admin(call, "os_compute_api:os-flavor-manage:delete")
    call.backend.state.drop("flavor", need_flavor(call, call.params["flavor"])["id"])
    return Response(202)


@ROUTES.on("POST", "/v2.1/flavors/{flavor}/action")
def change_access(call: Call) -> Response:
    """Let a project use a private flavor, or not any more."""
    ((action, body),) = call.body().items()
    lets_in = action == "addTenantAccess"
    rule = "add_tenant_access" if lets_in else "remove_tenant_access"
    need_admin(call, f"os_compute_api:os-flavor-access:{rule}")
    doc = need_flavor(call, call.params["flavor"])
    if doc.get("is_public", True):
        raise ApiError(409, f"Can not {'add' if lets_in else 'remove'} access to a public flavor.")
    others = [project for project in doc["projects"] if project != body["tenant"]]
    doc["projects"] = [*others, body["tenant"]] if lets_in else others
    call.backend.state.put("flavor", doc, project="")
    return Response(
        body={"flavor_access": [{"flavor_id": doc["id"], "tenant_id": one} for one in doc["projects"]]}
    )
