"""Volume types, Cinder's services and attachments: what is only read."""

from opencbr.democloud.state import Doc, State
from opencbr.democloud.volume.routes import HOST, PROJECT, ROUTES, ZONE, need_admin
from opencbr.democloud.wire import Answer, Call, Refusal
from opencbr.democloud.world import World


def default_type(state: State) -> Doc:
    """Return the type of volumes for which none was named: the first that was made."""
    return state.all("volume-type")[0]


def find_type(call: Call, wanted: str) -> Doc:
    """Return the type with that id or name; refuses with 404."""
    for doc in call.world.state.all("volume-type"):
        if wanted in (doc["id"], doc["name"]):
            return doc
    raise Refusal(404, f"Volume type {wanted} could not be found.")


@ROUTES.on("GET", PROJECT + "/types")
def list_types(call: Call) -> Answer:
    """List the volume types."""
    shown = [d | {"os-volume-type-access:is_public": True} for d in call.world.state.all("volume-type")]
    return Answer(body={"volume_types": shown})


@ROUTES.on("GET", PROJECT + "/types/{type}")
def show_type(call: Call) -> Answer:
    """Show one volume type, by id or as `default`."""
    wanted = call.params["type"]
    doc = (
        default_type(call.world.state) if wanted == "default" else call.world.state.get("volume-type", wanted)
    )
    if doc is None:
        raise Refusal(404, f"Volume type {wanted} could not be found.")
    extra = {} if wanted == "default" else {"os-volume-type-access:is_public": True}
    return Answer(body={"volume_type": doc | extra})


@ROUTES.on("GET", PROJECT + "/os-services")
def services(call: Call) -> Answer:
    """List Cinder's daemons, cinder-backup among them."""
    need_admin(call, "volume_extension:services:index")
    wanted = call.query.get("binary")
    rows = []
    for doc in call.world.state.all("cinder-service"):
        if wanted not in (None, doc["binary"]):
            continue
        row: Doc = {"binary": doc["binary"], "host": doc["host"], "zone": ZONE, "status": doc["status"]}
        row |= {"state": doc["state"], "updated_at": call.world.long_time()}
        if call.at_least("3.49") and doc["binary"] == "cinder-volume":
            row["backend_state"] = doc["state"]
        if call.at_least("3.7"):
            row["cluster"] = None
        row["disabled_reason"] = None
        if doc["binary"] == "cinder-volume":
            row |= {"replication_status": "disabled", "active_backend_id": None, "frozen": False}
        rows.append(row)
    return Answer(body={"services": rows})


def seed_services(world: World, new_id: str) -> None:
    """Store the three daemons; `new_id` is the uuid of the volume service."""
    for binary, host in (
        ("cinder-backup", HOST),
        ("cinder-scheduler", HOST),
        ("cinder-volume", f"{HOST}@disks"),
    ):
        doc: Doc = {"id": binary, "binary": binary, "host": host, "state": "up", "status": "enabled"}
        world.state.put("cinder-service", doc | {"uuid": new_id})


@ROUTES.on("GET", PROJECT + "/attachments")
@ROUTES.on("GET", PROJECT + "/attachments/detail")
def attachments(call: Call) -> Answer:
    """List the attachments of the project's volumes."""
    detail = call.path.rstrip("/").endswith("/detail")
    rows = []
    for doc in reversed(call.world.state.all("attachment", call.project_id)):
        wanted = {"volume_id": "volume_id", "instance_id": "server_id", "status": "status"}
        if all(call.query.get(name, doc[field]) == doc[field] for name, field in wanted.items()):
            rows.append(_attachment(doc, detail=detail))
    return Answer(body={"attachments": rows})


@ROUTES.on("GET", PROJECT + "/attachments/{attachment}")
def attachment(call: Call) -> Answer:
    """Show one attachment."""
    doc = call.world.state.get("attachment", call.params["attachment"])
    if doc is None or not call.owns(doc):
        wanted = call.params["attachment"]
        message = f"Volume attachment could not be found with filter: attachment_id = {wanted}."
        raise Refusal(404, message)
    return Answer(body={"attachment": _attachment(doc, detail=True)})


def _attachment(doc: Doc, *, detail: bool) -> Doc:
    shown: Doc = {"id": doc["id"], "status": doc["status"], "instance": doc["server_id"]}
    shown["volume_id"] = doc["volume_id"]
    if not detail:
        return shown
    shown |= {"attached_at": doc["attached_at"], "detached_at": "", "attach_mode": "rw"}
    info: Doc = {"driver_volume_type": "file", "volume_id": doc["volume_id"], "access_mode": "rw"}
    info |= {"encrypted": False, "attachment_id": doc["id"]}
    return shown | {"connection_info": info}
