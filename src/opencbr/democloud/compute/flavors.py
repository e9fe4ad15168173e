"""Flavors."""

from opencbr.democloud.compute.routes import ROUTES, links
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
    shown |= {"vcpus": doc["vcpus"], "os-flavor-access:is_public": True}
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
    """List the flavors."""
    flavors = call.backend.state.all("flavor")
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
    """Return the flavor; refuses with 404."""
    doc = call.backend.state.get("flavor", id_)
    if doc is None:
        raise ApiError(404, f"Flavor {id_} could not be found.")
    return doc
