"""Servers: show, list, rename, delete, tags and metadata."""

from opencbr.democloud.compute.routes import (
    ROUTES,
    SERVER,
    links,
    need_admin,
    need_member,
    need_server,
    need_unlocked,
)
from opencbr.democloud.compute.views import server_view
from opencbr.democloud.paging import page
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.volumes import set_status
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.work import finisher
from opencbr.democloud.world import World


@ROUTES.on("GET", "/v2.1/servers")
@ROUTES.on("GET", "/v2.1/servers/detail")
def index(call: Call) -> Answer:
    """List servers, newest first: of the project, or of all for an admin who asks."""
    query = call.query
    everywhere = query.get("all_tenants", "0").lower() in ("1", "true", "")
    if everywhere:
        detail = ":detail" if call.path.rstrip("/").endswith("/detail") else ":index"
        need_admin(call, f"os_compute_api:servers{detail}:get_all_tenants")
    project = query.get("project_id") or query.get("tenant_id") if everywhere else call.project_id
    found = list(reversed(call.world.state.all("server", project)))
    if query.get("name"):
        found = [doc for doc in found if query["name"] in doc["name"]]
    if query.get("status"):
        found = [doc for doc in found if doc["status"] == query["status"].upper()]
    found, following = page(call, found, call.base + call.path)
    if call.path.rstrip("/").endswith("/detail"):
        rows = [server_view(call, doc, detail=True) for doc in found]
    else:
        rows = [{"id": d["id"], "name": d["name"], "links": links(call, "servers", d["id"])} for d in found]
    body: Doc = {"servers": rows}
    if following:
        body["servers_links"] = [{"rel": "next", "href": following}]
    return Answer(body=body)


@ROUTES.on("GET", SERVER)
def show(call: Call) -> Answer:
    """Show one server."""
    return Answer(body={"server": server_view(call, need_server(call))})


@ROUTES.on("PUT", SERVER)
def change(call: Call) -> Answer:
    """Rename or describe a server."""
    need_member(call, "os_compute_api:servers:update")
    doc, body = need_server(call), call.body("server")
    doc |= {k: v for k, v in body.items() if k in ("name", "description", "hostname")}
    doc["updated"] = call.world.zulu_time()
    shown = server_view(call, call.world.state.put("server", doc))
    return Answer(body={"server": shown})


@ROUTES.on("DELETE", SERVER)
def delete(call: Call) -> Answer:
    """Begin to delete a server."""
    need_member(call, "os_compute_api:servers:delete")
    doc = need_server(call)
    need_unlocked(call, doc)
    call.world.state.put("server", doc | {"task_state": "deleting"})
    call.world.work.begin("server.deleted", doc["id"], server=doc["id"])
    return Answer(204)


@finisher("server.deleted")
def deleted(world: World, args: Doc) -> None:
    """Forget the server and what it held, and set free what only was on it."""
    state = world.state
    with state.change():
        server = state.get("server", args["server"])
        if server is None:
            return
        gone = _release_volumes(world, server)
        _release_ports(world, server)
        for group in state.all("server-group", server["project_id"]):
            members = [member for member in group["members"] if member != server["id"]]
            state.put("server-group", group | {"members": members})
        state.drop("server", server["id"])
    for volume_id in gone:
        world.disks.remove(volume_id)


def _release_volumes(world: World, server: Doc) -> list[str]:
    """Detach all volumes; return the ids of those that go with the server."""
    gone = []
    for held in world.state.all("attachment", server["project_id"]):
        if held["server_id"] != server["id"]:
            continue
        world.state.drop("attachment", held["id"])
        if held["delete_on_termination"]:
            world.state.drop("volume", held["volume_id"])
            gone.append(held["volume_id"])
        else:
            set_status(world, "volume", held["volume_id"], "available")
    return gone


def _release_ports(world: World, server: Doc) -> None:
    """Forget the ports that Nova made; unplug those that the user made."""
    for port in world.state.all("port", server["project_id"]):
        if port["device_id"] != server["id"]:
            continue
        if port["id"] not in server["made_ports"]:
            free: Doc = {"device_id": "", "device_owner": "", "status": "DOWN", "binding:host_id": ""}
            world.state.put("port", port | free)
            continue
        world.state.drop("port", port["id"])
        for row in world.state.all("floatingip", server["project_id"]):
            if row["port_id"] == port["id"]:
                nowhere: Doc = {"port_id": None, "fixed_ip_address": None, "router_id": None}
                world.state.put("floatingip", row | nowhere)


@ROUTES.on("GET", SERVER + "/metadata")
def show_metadata(call: Call) -> Answer:
    """Show the metadata."""
    return Answer(body={"metadata": need_server(call)["metadata"]})


@ROUTES.on("POST", SERVER + "/metadata")
@ROUTES.on("PUT", SERVER + "/metadata")
def set_metadata(call: Call) -> Answer:
    """Add to the metadata (POST) or replace it (PUT)."""
    need_member(call, "os_compute_api:server-metadata:create")
    doc, new = need_server(call), call.body("metadata")
    doc["metadata"] = doc["metadata"] | new if call.method == "POST" else new
    return Answer(body={"metadata": call.world.state.put("server", doc)["metadata"]})


@ROUTES.on("GET", SERVER + "/tags")
def show_tags(call: Call) -> Answer:
    """Show the tags (2.26)."""
    return Answer(body={"tags": need_server(call)["tags"]})


@ROUTES.on("PUT", SERVER + "/tags")
def set_tags(call: Call) -> Answer:
    """Replace the tags (2.26)."""
    need_member(call, "os_compute_api:os-server-tags:update_all")
    doc, tags = need_server(call), call.body().get("tags", [])
    if not all(isinstance(tag, str) and tag and not set(tag) & {"/", ","} for tag in tags):
        raise Refusal(400, "Invalid input for field/attribute tags.")
    call.world.state.put("server", doc | {"tags": sorted(set(tags))})
    return Answer(body={"tags": sorted(set(tags))})
