"""Servers: show, list, rename, delete."""

import re

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_finish
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
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.status import set_status


@ROUTES.on("GET", "/v2.1/servers")
@ROUTES.on("GET", "/v2.1/servers/detail")
def index(call: Call) -> Response:
    """List servers, newest first: of the project, or of all for an admin who asks."""
    query = call.query
    everywhere = query.get("all_tenants", "0").lower() in ("1", "true", "")
    if everywhere:
        detail = ":detail" if call.path.rstrip("/").endswith("/detail") else ":index"
        need_admin(call, f"os_compute_api:servers{detail}:get_all_tenants")
    project = query.get("project_id") or query.get("tenant_id") if everywhere else call.project_id
    everyone = list(reversed(call.backend.state.all("server")))
    found = [doc for doc in everyone if project in (None, doc["project_id"])]
    if query.get("name"):
        found = [doc for doc in found if re.search(query["name"], doc["name"])]
    if query.get("status"):
        found = [doc for doc in found if doc["status"] == query["status"].upper()]
    found, following = page(call, found, call.base + call.path, among=everyone)
    if call.path.rstrip("/").endswith("/detail"):
        rows = [server_view(call, doc, detail=True) for doc in found]
    else:
        rows = [{"id": d["id"], "name": d["name"], "links": links(call, "servers", d["id"])} for d in found]
    body: Doc = {"servers": rows}
    if following:
        body["servers_links"] = [{"rel": "next", "href": following}]
    return Response(body=body)


@ROUTES.on("GET", SERVER)
def show(call: Call) -> Response:
    """Show one server."""
    return Response(body={"server": server_view(call, need_server(call))})


@ROUTES.on("PUT", SERVER)
def change(call: Call) -> Response:
    """Rename or describe a server."""
    need_member(call, "os_compute_api:servers:update")
    doc, body = need_server(call), call.body("server")
    doc |= {k: v for k, v in body.items() if k in ("name", "description", "hostname")}
    doc["updated"] = call.backend.clock.zulu_time()
    shown = server_view(call, call.backend.state.put("server", doc))
    return Response(body={"server": shown})


@ROUTES.on("DELETE", SERVER)
def delete(call: Call) -> Response:
    """Begin to delete a server."""
    need_member(call, "os_compute_api:servers:delete")
    doc = need_server(call)
    need_unlocked(call, doc)
    call.backend.state.put("server", doc | {"task_state": "deleting"})
    call.backend.work.begin("server.deleted", doc["id"], server=doc["id"])
    return Response(204)


@on_finish("server.deleted")
def deleted(backend: Backend, args: Doc) -> None:
    """Delete the server with the volumes and ports that go with it, and detach the others."""
    state = backend.state
    with state.change():
        server = state.get("server", args["server"])
        if server is None:
            return
        gone = _release_volumes(backend, server)
        _release_ports(backend, server)
        for group in state.all("server-group", server["project_id"]):
            members = [member for member in group["members"] if member != server["id"]]
            state.put("server-group", group | {"members": members})
        state.drop("server", server["id"])
    for disk_id in (*gone, server["id"]):
        backend.disks.remove(disk_id)


def _release_volumes(backend: Backend, server: Doc) -> list[str]:
    """Detach all volumes; return the ids of those that go with the server."""
    gone = []
    for held in backend.state.all("attachment", server["project_id"]):
        if held["server_id"] != server["id"]:
            continue
        backend.state.drop("attachment", held["id"])
        # Cinder refuses what has snapshots, and Nova asks only once.
        is_kept = any(s["volume_id"] == held["volume_id"] for s in backend.state.all("snapshot"))
        if held["delete_on_termination"] and not is_kept:
            backend.state.drop("volume", held["volume_id"])
            gone.append(held["volume_id"])
        else:
            set_status(backend, "volume", held["volume_id"], "available")
    return gone


def _release_ports(backend: Backend, server: Doc) -> None:
    """Delete the ports that Nova created; unbind those that the user created."""
    for port in backend.state.all("port", server["project_id"]):
        if port["device_id"] != server["id"]:
            continue
        if port["id"] not in server["made_ports"]:
            free: Doc = {"device_id": "", "device_owner": "", "status": "DOWN", "binding:host_id": ""}
            backend.state.put("port", port | free)
            continue
        backend.state.drop("port", port["id"])
        for row in backend.state.all("floatingip", server["project_id"]):
            if row["port_id"] == port["id"]:
                nowhere: Doc = {"port_id": None, "fixed_ip_address": None, "router_id": None}
                backend.state.put("floatingip", row | nowhere)
