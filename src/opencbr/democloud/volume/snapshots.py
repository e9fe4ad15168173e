"""Snapshots: the bytes of a volume at one moment."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.disks import GIB
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.paging import page
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import PROJECT, ROUTES, marked, need, need_admin, need_member, select
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.views import snapshot_view

_FILTERS = {"name", "status", "volume_id", "metadata", "availability_zone"}
_FORCE_GONE = (
    "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability,"
    " however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored."
)  # spelt as Cinder spells it
_TRUE = (True, "true", "True", "1", 1, "yes", "on", "t", "y")


@ROUTES.on("POST", PROJECT + "/snapshots")
def create(call: Call) -> Response:
    """Create a snapshot; below 3.66 a volume in use needs `force`."""
    need_member(call, "volume:create_snapshot")
    body = call.body("snapshot")
    if "volume_id" not in body:
        raise ApiError(
            400,
            f"Invalid input for field/attribute snapshot. Value: {body}. 'volume_id' is a required property",
        )
    force = body.get("force", False) in _TRUE
    if call.at_least("3.66"):
        if "force" in body and not force:
            raise ApiError(400, _FORCE_GONE)
        force = True
    volume = need(call, "volume", body["volume_id"])
    if volume["status"] == "creating":
        raise ApiError(400, "Invalid volume: volume is not assigned to a host")
    allowed = ("available", "in-use") if force else ("available",)
    if volume["status"] not in allowed:
        state = volume["status"]
        message = (
            f"Volume {volume['id']} status must be {' or '.join(allowed)}, but current status is: {state}."
        )
        raise ApiError(400, f"Invalid volume: {message}")
    check_quota(call.backend, call.project_id, snapshots=1, gigabytes=volume["size"])
    doc: Doc = {"id": new_uuid(), "project_id": volume["project_id"], "user_id": call.user_id}
    doc |= {"created_at": call.backend.clock.long_time(), "updated_at": None, "name": body.get("name")}
    doc |= {"description": body.get("description"), "volume_id": volume["id"], "status": "creating"}
    doc |= {"size": volume["size"], "metadata": dict(body.get("metadata") or {}), "progress": "0%"}
    doc |= {"bootable": volume["bootable"], "taken": call.backend.clock.exact_time()}
    call.backend.disks.duplicate(volume["id"], doc["id"], volume["size"] * GIB)
    call.backend.state.put("snapshot", doc)
    call.backend.work.begin("snapshot.created", doc["id"], snapshot=doc["id"])
    return Response(202, {"snapshot": snapshot_view(call, doc, extended=False)})


@on_finish("snapshot.created")
def created(backend: Backend, args: Doc) -> None:
    """Set the snapshot available."""
    with backend.state.change():
        set_status(backend, "snapshot", args["snapshot"], "available", progress="100%")


@on_failure("snapshot.created")
def not_created(backend: Backend, args: Doc, _: str) -> None:
    """Set the snapshot to error."""
    with backend.state.change():
        set_status(backend, "snapshot", args["snapshot"], "error")


@on_failure("snapshot.deleted")
def not_deleted(backend: Backend, args: Doc, _: str) -> None:
    """Set the snapshot to error_deleting."""
    with backend.state.change():
        set_status(backend, "snapshot", args["snapshot"], "error_deleting")


@ROUTES.on("GET", PROJECT + "/snapshots")
@ROUTES.on("GET", PROJECT + "/snapshots/detail")
def index(call: Call) -> Response:
    """List snapshots."""
    detail = call.path.rstrip("/").endswith("/detail")
    found = select(call, "snapshot", _FILTERS)
    found, following = page(call, found, call.base + call.path, among=marked(call, "snapshot"))
    names = (
        "id",
        "created_at",
        "updated_at",
        "name",
        "description",
        "volume_id",
        "status",
        "size",
        "metadata",
    )
    short = [pick(doc, *names) for doc in found]
    body: Doc = {"snapshots": [snapshot_view(call, doc) for doc in found] if detail else short}
    if following:
        body["snapshots_links"] = [{"rel": "next", "href": following}]
    return Response(body=body)


@ROUTES.on("GET", PROJECT + "/snapshots/{snapshot}")
def show(call: Call) -> Response:
    """Show one snapshot."""
    return Response(body={"snapshot": snapshot_view(call, need(call, "snapshot", call.params["snapshot"]))})


@ROUTES.on("PUT", PROJECT + "/snapshots/{snapshot}")
def change(call: Call) -> Response:
    """Rename or describe a snapshot."""
    need_member(call, "volume:update_snapshot")
    doc = need(call, "snapshot", call.params["snapshot"])
    doc |= {k: v for k, v in call.body("snapshot").items() if k in ("name", "description")}
    return Response(
        body={"snapshot": snapshot_view(call, call.backend.state.put("snapshot", doc), extended=False)}
    )


@ROUTES.on("DELETE", PROJECT + "/snapshots/{snapshot}")
def delete(call: Call) -> Response:
    """Delete a snapshot that nothing reads from."""
    need_member(call, "volume:delete_snapshot")
    doc = need(call, "snapshot", call.params["snapshot"])
    if doc["status"] not in ("available", "error"):
        raise ApiError(
            400,
            "Invalid snapshot: Snapshot status must be available or error and must not be part of a group.",
        )
    set_status(call.backend, "snapshot", doc["id"], "deleting")
    call.backend.work.begin("snapshot.deleted", doc["id"], snapshot=doc["id"])
    return Response(202)


@on_finish("snapshot.deleted")
def deleted(backend: Backend, args: Doc) -> None:
    """Delete the snapshot and its bytes."""
    with backend.state.change():
        backend.state.drop("snapshot", args["snapshot"])
    backend.disks.remove(args["snapshot"])


@ROUTES.on("POST", PROJECT + "/snapshots/{snapshot}/action")
def action(call: Call) -> Response:
    """Reset the status (admins only)."""
    doc, body = need(call, "snapshot", call.params["snapshot"]), call.body()
    if "os-reset_status" not in body:
        raise ApiError(400, f"There is no such action: {', '.join(body)}")
    need_admin(call, "volume_extension:snapshot_admin_actions:reset_status")
    set_status(call.backend, "snapshot", doc["id"], body["os-reset_status"]["status"])
    return Response(202)
