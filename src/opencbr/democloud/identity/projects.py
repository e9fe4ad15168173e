"""Domains and projects."""

from opencbr.democloud.identity.roles import effective
from opencbr.democloud.identity.routes import ROUTES, linked, listing, need, need_admin
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State


def make_project(state: State, name: str) -> Doc:
    """Store a new project of the default domain."""
    doc: Doc = {"id": new_hex(), "name": name, "domain_id": "default", "description": "", "enabled": True}
    doc |= {"parent_id": "default", "is_domain": False, "tags": [], "options": {}}
    return state.put("project", doc)


@ROUTES.on("GET", "/v3/domains")
def list_domains(call: Call) -> Response:
    """List the domains."""
    need_admin(call, "list_domains")
    name = call.query.get("name")
    found = [d for d in call.backend.state.all("domain") if name in (None, d["name"])]
    return listing(call, "domains", [linked(call, "domains", doc) for doc in found])


@ROUTES.on("GET", "/v3/domains/{domain}")
def show_domain(call: Call) -> Response:
    """Show a domain."""
    need_admin(call, "get_domain")
    return Response(body={"domain": linked(call, "domains", need(call, "domain", call.params["domain"]))})


@ROUTES.on("GET", "/v3/projects")
def list_projects(call: Call) -> Response:
    """List projects by name."""
    need_admin(call, "list_projects")
    name, domain = call.query.get("name"), call.query.get("domain_id")
    found = [
        doc
        for doc in call.backend.state.all("project")
        if name in (None, doc["name"]) and domain in (None, doc["domain_id"])
    ]
    return listing(call, "projects", [linked(call, "projects", doc) for doc in found])


@ROUTES.on("GET", "/v3/auth/projects")
def my_projects(call: Call) -> Response:
    """List the projects on which the token's user has a role."""
    state = call.backend.state
    found = [
        p for p in state.all("project") if effective(state, call.user_id, scope="project", target=p["id"])
    ]
    return listing(call, "projects", [linked(call, "projects", doc) for doc in found])


@ROUTES.on("GET", "/v3/projects/{project}")
def show_project(call: Call) -> Response:
    """Show a project: an admin sees any, everybody else their own."""
    if call.params["project"] != call.project_id:
        need_admin(call, "get_project")
    return Response(body={"project": linked(call, "projects", need(call, "project", call.params["project"]))})


@ROUTES.on("POST", "/v3/projects")
def create_project(call: Call) -> Response:
    """Create a project."""
    need_admin(call, "create_project")
    name = call.body("project")["name"]
    if call.backend.state.find("project", name=name):
        raise ApiError(
            409,
            "Conflict occurred attempting to store project - it is not permitted to have two projects with"
            f" the same name in the same domain : {name}.",
        )
    return Response(201, {"project": linked(call, "projects", make_project(call.backend.state, name))})


@ROUTES.on("PATCH", "/v3/projects/{project}")
def change_project(call: Call) -> Response:
    """Rename, describe, enable or disable a project."""
    need_admin(call, "update_project")
    doc = need(call, "project", call.params["project"])
    doc |= {k: v for k, v in call.body("project").items() if k in ("name", "description", "enabled")}
    return Response(body={"project": linked(call, "projects", call.backend.state.put("project", doc))})
