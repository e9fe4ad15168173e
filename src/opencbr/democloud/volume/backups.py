"""Backups: list, show, change, delete, reset the status."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.paging import page
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.routes import (
    PROJECT,
    ROUTES,
    links,
    marked,
    need,
    need_admin,
    need_member,
    select,
)
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.views import backup_view, dependents

_FILTERS = {"name", "status", "volume_id"}


@on_failure("backup.deleted")
def not_deleted(backend: Backend, args: Doc, reason: str) -> None:
    """Set the backup to error_deleting."""
    with backend.state.change():
        set_status(backend, "backup", args["backup"], "error_deleting", fail_reason=reason)


@ROUTES.on("GET", PROJECT + "/backups")
@ROUTES.on("GET", PROJECT + "/backups/detail")
def index(call: Call) -> Response:
    """List backups, in short or with everything."""
    detail = call.path.rstrip("/").endswith("/detail")
    found = select(call, "backup", _FILTERS)
    found, following = page(call, found, call.base + call.path, among=marked(call, "backup"))
    short = [{"id": d["id"], "name": d["name"], "links": links(call, "backups", d["id"])} for d in found]
    body: Doc = {"backups": [backup_view(call, d) for d in found] if detail else short}
    if following:
        body["backups_links"] = [{"rel": "next", "href": following}]
    return Response(body=body)


@ROUTES.on("GET", PROJECT + "/backups/{backup}")
def show(call: Call) -> Response:
    """Show one backup."""
    return Response(body={"backup": backup_view(call, need(call, "backup", call.params["backup"]))})


@ROUTES.on("PUT", PROJECT + "/backups/{backup}")
def change(call: Call) -> Response:
    """Rename or describe a backup (3.9), or replace its metadata (3.43)."""
    need_member(call, "backup:update")
    doc = need(call, "backup", call.params["backup"])
    doc |= {k: v for k, v in call.body("backup").items() if k in ("name", "description", "metadata")}
    call.backend.state.put("backup", doc)
    short: Doc = {"id": doc["id"], "name": doc["name"], "links": links(call, "backups", doc["id"])}
    return Response(body={"backup": short})


@ROUTES.on("DELETE", PROJECT + "/backups/{backup}")
def delete(call: Call) -> Response:
    """Delete a backup that no incremental one needs."""
    need_member(call, "backup:delete")
    doc = need(call, "backup", call.params["backup"])
    if doc["status"] not in ("available", "error"):
        raise ApiError(400, "Invalid backup: Backup status must be available or error")
    if dependents(call, doc):
        raise ApiError(400, "Invalid backup: Incremental backups exist for this backup.")
    set_status(call.backend, "backup", doc["id"], "deleting")
    call.backend.work.begin("backup.deleted", doc["id"], backup=doc["id"])
    return Response(202)


@on_finish("backup.deleted")
def deleted(backend: Backend, args: Doc) -> None:
    """Delete the backup and its chunks."""
    with backend.state.change():
        backend.state.drop("backup", args["backup"])
    backend.backups.remove(args["backup"])


@ROUTES.on("POST", PROJECT + "/backups/{backup}/action")
def action(call: Call) -> Response:
    """Reset the status (admins only), so that a backup that never ends can be deleted."""
    doc, body = need(call, "backup", call.params["backup"]), call.body()
    if "os-reset_status" not in body:
        raise ApiError(400, f"There is no such action: {', '.join(body)}")
    need_admin(call, "volume_extension:backup_admin_actions:reset_status")
    set_status(call.backend, "backup", doc["id"], body["os-reset_status"]["status"])
    return Response(202)
