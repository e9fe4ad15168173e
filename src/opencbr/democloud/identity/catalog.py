"""Services and endpoints: the cloud's own ones, and what others register."""

from opencbr.democloud.identity.routes import ROUTES, linked, listing, need, need_admin
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc, State, pick

REGION = "RegionOne"
_HERE = "{here}"  # stands for the cloud's own address, which may change from start to start
OWN_SERVICES = (
    ("keystone", "identity", _HERE + "/identity/v3"),
    ("nova", "compute", _HERE + "/compute/v2.1"),
    ("cinder", "volumev3", _HERE + "/volume/v3/$(project_id)s"),
    ("neutron", "network", _HERE + "/network"),
    ("glance", "image", _HERE + "/image"),
)


def make_service(state: State, name: str, type_: str) -> Doc:
    """Store a service of that type ("compute", …)."""
    return state.put("service", {"name": name, "id": new_hex(), "type": type_, "enabled": True})


def make_endpoint(state: State, service_id: str, interface: str, url: str) -> Doc:
    """Store where a service is; `$(project_id)s` in the address is replaced for each token."""
    doc: Doc = {"id": new_hex(), "interface": interface, "region_id": REGION, "service_id": service_id}
    return state.put("endpoint", doc | {"url": url, "enabled": True, "region": REGION})


def _real(url: str, base: str) -> str:
    return url.replace(_HERE, base.removesuffix("/identity"))


def catalog(state: State, base: str, project_id: str | None) -> list[Doc]:
    """Return the catalogue of a token; what needs a project is left out when there is none."""
    endpoints = state.all("endpoint")
    entries = []
    for service in state.all("service"):
        places = []
        for point in endpoints:
            url = _real(point["url"], base)
            for form in ("$(project_id)s", "%(project_id)s", "$(tenant_id)s", "%(tenant_id)s"):
                if project_id:
                    url = url.replace(form, project_id)
            if (
                point["service_id"] == service["id"]
                and "(project_id)s" not in url
                and "(tenant_id)s" not in url
            ):
                shown = pick(point, "id", "interface", "region_id")
                places.append(shown | {"url": url, "region": point["region"]})
        entries.append(
            {"endpoints": places, "id": service["id"], "type": service["type"], "name": service["name"]}
        )
    return entries


@ROUTES.on("GET", "/v3/services")
def list_services(call: Call) -> Response:
    """List services by type or name."""
    need_admin(call, "list_services")
    wanted = {k: v for k, v in call.query.items() if k in ("type", "name")}
    found = [s for s in call.backend.state.all("service") if all(s[k] == v for k, v in wanted.items())]
    return listing(call, "services", [linked(call, "services", doc) for doc in found])


@ROUTES.on("POST", "/v3/services")
def create_service(call: Call) -> Response:
    """Register a service."""
    need_admin(call, "create_service")
    body = call.body("service")
    doc = make_service(call.backend.state, body.get("name", ""), body["type"])
    if body.get("description"):
        doc = call.backend.state.put("service", doc | {"description": body["description"]})
    return Response(201, {"service": linked(call, "services", doc)})


@ROUTES.on("DELETE", "/v3/services/{service}")
def delete_service(call: Call) -> Response:
    """Take a service and its endpoints out of the catalogue."""
    need_admin(call, "delete_service")
    doc, state = need(call, "service", call.params["service"]), call.backend.state
    for point in state.all("endpoint"):
        if point["service_id"] == doc["id"]:
            state.drop("endpoint", point["id"])
    state.drop("service", doc["id"])
    return Response(204)


@ROUTES.on("GET", "/v3/endpoints")
def list_endpoints(call: Call) -> Response:
    """List endpoints by service, interface or region."""
    need_admin(call, "list_endpoints")
    wanted = {k: v for k, v in call.query.items() if k in ("service_id", "interface", "region_id")}
    found = [e for e in call.backend.state.all("endpoint") if all(e[k] == v for k, v in wanted.items())]
    shown = [linked(call, "endpoints", doc | {"url": _real(doc["url"], call.base)}) for doc in found]
    return listing(call, "endpoints", shown)


@ROUTES.on("POST", "/v3/endpoints")
def create_endpoint(call: Call) -> Response:
    """Register where a service is."""
    need_admin(call, "create_endpoint")
    body = call.body("endpoint")
    need(call, "service", body["service_id"])
    doc = make_endpoint(call.backend.state, body["service_id"], body["interface"], body["url"])
    return Response(201, {"endpoint": linked(call, "endpoints", doc)})


@ROUTES.on("PATCH", "/v3/endpoints/{endpoint}")
def change_endpoint(call: Call) -> Response:
    """Give an endpoint another address."""
    need_admin(call, "update_endpoint")
    doc = need(call, "endpoint", call.params["endpoint"])
    doc |= {k: v for k, v in call.body("endpoint").items() if k in ("url", "interface", "enabled")}
    return Response(body={"endpoint": linked(call, "endpoints", call.backend.state.put("endpoint", doc))})


@ROUTES.on("DELETE", "/v3/endpoints/{endpoint}")
def delete_endpoint(call: Call) -> Response:
    """Take an endpoint out of the catalogue."""
    need_admin(call, "delete_endpoint")
    call.backend.state.drop("endpoint", need(call, "endpoint", call.params["endpoint"])["id"])
    return Response(204)


@ROUTES.on("GET", "/v3/regions")
def list_regions(call: Call) -> Response:
    """List the one region."""
    region: Doc = {"id": REGION, "description": "", "parent_region_id": None}
    return listing(call, "regions", [linked(call, "regions", region)])
