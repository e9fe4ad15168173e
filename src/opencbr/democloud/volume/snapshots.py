"""Snapshots: the bytes of a volume at one moment."""

from opencbr.democloud.disks import GIB
from opencbr.democloud.paging import page
from opencbr.democloud.state import Doc, pick
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import PROJECT, ROUTES, need, need_admin, need_member, select
from opencbr.democloud.volume.views import snapshot_view
from opencbr.democloud.volume.volumes import set_status
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.work import failer, finisher
from opencbr.democloud.world import World, new_uuid

_FILTERS = {"name", "status", "volume_id", "metadata", "availability_zone"}
_FORCE_GONE = (
    "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability,"
    " however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored."
)  # spelt as Cinder spells it
_TRUE = (True, "true", "True", "1", 1, "yes", "on", "t", "y")


@ROUTES.on("POST", PROJECT + "/snapshots")
def create(call: Call) -> Answer:
    """Keep the bytes of a volume; below 3.66 a volume in use needs `force`."""
    need_member(call, "volume:create_snapshot")
    body = call.body("snapshot")
    if "volume_id" not in body:
        raise Refusal(
            400,
            f"Invalid input for field/attribute snapshot. Value: {body}. 'volume_id' is a required property",
        )
    force = body.get("force", False) in _TRUE
    if call.at_least("3.66"):
        if "force" in body and not force:
            raise Refusal(400, _FORCE_GONE)
        force = True
    volume = need(call, "volume", body["volume_id"])
    if volume["status"] == "creating":
        raise Refusal(400, "Invalid volume: volume is not assigned to a host")
    allowed = ("available", "in-use") if force else ("available",)
    if volume["status"] not in allowed:
        state = volume["status"]
        message = (
            f"Volume {volume['id']} status must be {' or '.join(allowed)}, but current status is: {state}."
        )
        raise Refusal(400, f"Invalid volume: {message}")
    check_quota(call.world, call.project_id, snapshots=1, gigabytes=volume["size"])
    doc: Doc = {"id": new_uuid(), "project_id": volume["project_id"], "user_id": call.user_id}
    doc |= {"created_at": call.world.long_time(), "updated_at": None, "name": body.get("name")}
    doc |= {"description": body.get("description"), "volume_id": volume["id"], "status": "creating"}
    doc |= {"size": volume["size"], "metadata": dict(body.get("metadata") or {}), "progress": "0%"}
    doc |= {"bootable": volume["bootable"], "taken": call.world.exact_time()}
    call.world.disks.copy(volume["id"], doc["id"], volume["size"] * GIB)
    call.world.state.put("snapshot", doc)
    call.world.work.begin("snapshot.created", doc["id"], snapshot=doc["id"])
    return Answer(202, {"snapshot": snapshot_view(call, doc, extended=False)})


@finisher("snapshot.created")
def created(world: World, args: Doc) -> None:
    """Let the snapshot be used."""
    with world.state.change():
        set_status(world, "snapshot", args["snapshot"], "available", progress="100%")


@failer("snapshot.created")
def not_created(world: World, args: Doc, _: str) -> None:
    """Leave a snapshot that cannot be used."""
    with world.state.change():
        set_status(world, "snapshot", args["snapshot"], "error")


@failer("snapshot.deleted")
def not_deleted(world: World, args: Doc, _: str) -> None:
    """Leave a snapshot that could not be deleted."""
    with world.state.change():
        set_status(world, "snapshot", args["snapshot"], "error_deleting")


@ROUTES.on("GET", PROJECT + "/snapshots")
@ROUTES.on("GET", PROJECT + "/snapshots/detail")
def index(call: Call) -> Answer:
    """List snapshots."""
    detail = call.path.rstrip("/").endswith("/detail")
    found = select(call, "snapshot", call.world.state.all("snapshot"), _FILTERS)
    found, following = page(call, found, call.base + call.path)
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
    return Answer(body=body)


@ROUTES.on("GET", PROJECT + "/snapshots/{snapshot}")
def show(call: Call) -> Answer:
    """Show one snapshot."""
    return Answer(body={"snapshot": snapshot_view(call, need(call, "snapshot", call.params["snapshot"]))})


@ROUTES.on("PUT", PROJECT + "/snapshots/{snapshot}")
def change(call: Call) -> Answer:
    """Rename or describe a snapshot."""
    need_member(call, "volume:update_snapshot")
    doc = need(call, "snapshot", call.params["snapshot"])
    doc |= {k: v for k, v in call.body("snapshot").items() if k in ("name", "description")}
    return Answer(
        body={"snapshot": snapshot_view(call, call.world.state.put("snapshot", doc), extended=False)}
    )


@ROUTES.on("DELETE", PROJECT + "/snapshots/{snapshot}")
def delete(call: Call) -> Answer:
    """Delete a snapshot that nothing reads from."""
    need_member(call, "volume:delete_snapshot")
    doc = need(call, "snapshot", call.params["snapshot"])
    if doc["status"] not in ("available", "error"):
        raise Refusal(
            400,
            "Invalid snapshot: Snapshot status must be available or error and must not be part of a group.",
        )
    set_status(call.world, "snapshot", doc["id"], "deleting")
    call.world.work.begin("snapshot.deleted", doc["id"], snapshot=doc["id"])
    return Answer(202)


@finisher("snapshot.deleted")
def deleted(world: World, args: Doc) -> None:
    """Forget the snapshot and its bytes."""
    with world.state.change():
        world.state.drop("snapshot", args["snapshot"])
    world.disks.remove(args["snapshot"])


@ROUTES.on("POST", PROJECT + "/snapshots/{snapshot}/action")
def action(call: Call) -> Answer:
    """Set the status by an admin's word."""
    doc, body = need(call, "snapshot", call.params["snapshot"]), call.body()
    if "os-reset_status" not in body:
        raise Refusal(400, f"There is no such action: {', '.join(body)}")
    need_admin(call, "volume_extension:snapshot_admin_actions:reset_status")
    set_status(call.world, "snapshot", doc["id"], body["os-reset_status"]["status"])
    return Answer(202)
