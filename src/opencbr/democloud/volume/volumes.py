"""Volumes: make, show, list, change, delete, and the actions on them."""

from opencbr.democloud.disks import GIB
from opencbr.democloud.paging import page
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import (
    PROJECT,
    ROUTES,
    ZONE,
    links,
    need,
    need_admin,
    need_member,
    select,
)
from opencbr.democloud.volume.types import default_type, find_type
from opencbr.democloud.volume.views import volume_view
from opencbr.democloud.wire import Answer, Call, Refusal, encode
from opencbr.democloud.work import failer, finisher
from opencbr.democloud.world import World, new_uuid

DELETABLE = {"available", "error", "error_restoring", "error_extending", "error_managing"}
_NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or"
    " error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a"
    " transfer, or be disassociated from snapshots after volume transfer."
)
_FILTERS = {"name", "status", "metadata", "bootable", "availability_zone", "size", "created_at", "updated_at"}
_FILTERS |= {"volume_type_id", "group_id", "migration_status"}


def make_volume(
    world: World, *, project_id: str, user_id: str, size: int, volume_type: Doc, **fields: object
) -> Doc:
    """Store a volume of `size` GiB in the status creating and make its zeros."""
    now = world.long_time()
    doc: Doc = {"id": new_uuid(), "project_id": project_id, "user_id": user_id, "size": size}
    doc |= {"status": "creating", "availability_zone": ZONE, "created_at": now, "updated_at": None}
    doc |= {"name": None, "description": None, "snapshot_id": None, "source_volid": None, "metadata": {}}
    doc |= {"bootable": "false", "volume_type": volume_type["name"], "volume_type_id": volume_type["id"]}
    service = world.state.find("cinder-service", binary="cinder-volume")
    doc["service_uuid"] = service["uuid"] if service else new_uuid()
    doc |= fields
    world.disks.create(doc["id"], size * GIB)
    return world.state.put("volume", doc)


def set_status(world: World, kind: str, id_: str, status: str, **fields: object) -> Doc | None:
    """Move a volume, snapshot or backup to `status`; None when it is gone meanwhile."""
    doc = world.state.get(kind, id_)
    if doc is None:
        return None
    return world.state.put(kind, doc | {"status": status, "updated_at": world.long_time(), **fields})


@ROUTES.on("POST", PROJECT + "/volumes")
def create(call: Call) -> Answer:
    """Make an empty volume, or one from a snapshot, a volume, an image or a backup."""
    need_member(call, "volume:create")
    body, state = call.body("volume"), call.world.state
    chosen = body.get("volume_type")
    kind = find_type(call, chosen) if chosen else default_type(state)
    fields: Doc = {"name": body.get("name"), "description": body.get("description")}
    fields["metadata"] = dict(body.get("metadata") or {})
    source: Doc | None = None
    if body.get("snapshot_id"):
        source = need(call, "snapshot", body["snapshot_id"])
        fields |= {"snapshot_id": source["id"], "bootable": source.get("bootable", "false")}
    elif body.get("source_volid"):
        source = need(call, "volume", body["source_volid"])
        fields |= {"source_volid": source["id"], "bootable": source["bootable"]}
    image_id = body.get("imageRef") or body.get("image_id")
    image = state.get("image", image_id) if image_id else None
    if image_id and image is None:
        raise Refusal(
            400, "Invalid input received: Invalid image identifier or unable to access requested image."
        )
    size = int(body.get("size") or (source["size"] if source else 0))
    if size <= 0 or (source and size < source["size"]):
        raise Refusal(400, f"Invalid input received: Invalid volume size provided for create request: {size}")
    check_quota(call.world, call.project_id, volumes=1, gigabytes=size)
    if image:
        fields |= {"bootable": "true", "volume_image_metadata": image_metadata(image)}
    doc = make_volume(
        call.world, project_id=call.project_id, user_id=call.user_id, size=size, volume_type=kind, **fields
    )
    if source:
        call.world.disks.copy(source["id"], doc["id"], size * GIB)
    elif image:
        call.world.disks.write(doc["id"], 0, call.world.disks.read(image["id"], 0, image["size"]))
    call.world.work.begin("volume.created", doc["id"], volume=doc["id"])
    return Answer(202, {"volume": volume_view(call, doc, fresh=True)})


def image_metadata(image: Doc) -> Doc:
    """Return what Cinder keeps of the image a volume was made from: strings only."""
    kept: Doc = {"signature_verified": "False", **{k: str(v) for k, v in image.get("properties", {}).items()}}
    kept |= {"image_id": image["id"], "image_name": image["name"], "checksum": image["checksum"]}
    kept |= {"container_format": image["container_format"], "disk_format": image["disk_format"]}
    return kept | {
        "min_disk": str(image["min_disk"]),
        "min_ram": str(image["min_ram"]),
        "size": str(image["size"]),
    }


@finisher("volume.created")
def created(world: World, args: Doc) -> None:
    """Let the volume be used."""
    with world.state.change():
        set_status(world, "volume", args["volume"], "available")


@failer("volume.created")
def not_created(world: World, args: Doc, _: str) -> None:
    """Leave a volume that cannot be used."""
    with world.state.change():
        set_status(world, "volume", args["volume"], "error")


@ROUTES.on("GET", PROJECT + "/volumes")
@ROUTES.on("GET", PROJECT + "/volumes/detail")
def index(call: Call) -> Answer:
    """List volumes, in short or with everything."""
    detail = call.path.rstrip("/").endswith("/detail")
    found = select(call, "volume", call.world.state.all("volume"), _FILTERS)
    found, following = page(call, found, call.base + call.path)
    short = [{"id": d["id"], "name": d["name"], "links": links(call, "volumes", d["id"])} for d in found]
    body: Doc = {"volumes": [volume_view(call, d) for d in found] if detail else short}
    if following:
        body["volumes_links"] = [{"rel": "next", "href": following}]
    return Answer(body=body)


@ROUTES.on("GET", PROJECT + "/volumes/{volume}")
def show(call: Call) -> Answer:
    """Show one volume."""
    return Answer(body={"volume": volume_view(call, need(call, "volume", call.params["volume"]))})


@ROUTES.on("PUT", PROJECT + "/volumes/{volume}")
def change(call: Call) -> Answer:
    """Rename or describe a volume."""
    need_member(call, "volume:update")
    doc = need(call, "volume", call.params["volume"])
    doc |= {k: v for k, v in call.body("volume").items() if k in ("name", "description", "metadata")}
    shown = volume_view(call, call.world.state.put("volume", doc))
    return Answer(body={"volume": {k: v for k, v in shown.items() if not k.startswith("os-vol-")}})


@ROUTES.on("DELETE", PROJECT + "/volumes/{volume}")
def delete(call: Call) -> Answer:
    """Delete a volume that is free and has no snapshots (Cinder's own list of conditions)."""
    need_member(call, "volume:delete")
    doc, state = need(call, "volume", call.params["volume"]), call.world.state
    held = any(a["volume_id"] == doc["id"] for a in state.all("attachment", doc["project_id"]))
    held |= any(s["volume_id"] == doc["id"] for s in state.all("snapshot", doc["project_id"]))
    if held or doc["status"] not in DELETABLE:
        raise Refusal(400, _NOT_DELETABLE)
    set_status(call.world, "volume", doc["id"], "deleting")
    call.world.work.begin("volume.deleted", doc["id"], volume=doc["id"])
    return Answer(202)


@finisher("volume.deleted")
def deleted(world: World, args: Doc) -> None:
    """Forget the volume and its bytes."""
    with world.state.change():
        world.state.drop("volume", args["volume"])
    world.disks.remove(args["volume"])


@ROUTES.on("GET", PROJECT + "/volumes/{volume}/metadata")
def show_metadata(call: Call) -> Answer:
    """Show the metadata; Cinder labels this JSON as text/html."""
    doc = need(call, "volume", call.params["volume"])
    body = encode("volume", {"metadata": doc["metadata"]})
    return Answer(200, body, {"Content-Type": "text/html; charset=UTF-8"})


@ROUTES.on("POST", PROJECT + "/volumes/{volume}/metadata")
@ROUTES.on("PUT", PROJECT + "/volumes/{volume}/metadata")
def set_metadata(call: Call) -> Answer:
    """Add to the metadata (POST) or replace it (PUT)."""
    need_member(call, "volume:create_volume_metadata")
    doc, new = need(call, "volume", call.params["volume"]), call.body("metadata")
    doc["metadata"] = doc["metadata"] | new if call.method == "POST" else new
    return Answer(body={"metadata": call.world.state.put("volume", doc)["metadata"]})


@ROUTES.on("DELETE", PROJECT + "/volumes/{volume}/metadata/{key}")
def delete_metadata(call: Call) -> Answer:
    """Take one key out of the metadata."""
    need_member(call, "volume:delete_volume_metadata")
    doc = need(call, "volume", call.params["volume"])
    if doc["metadata"].pop(call.params["key"], None) is None:
        raise Refusal(404, f"Volume {doc['id']} has no metadata with key {call.params['key']}.")
    call.world.state.put("volume", doc)
    return Answer(200)


@ROUTES.on("POST", PROJECT + "/volumes/{volume}/action")
def action(call: Call) -> Answer:
    """Do one of the few actions a backup service needs: reset the status, grow, set bootable."""
    doc, body = need(call, "volume", call.params["volume"]), call.body()
    if "os-reset_status" in body:
        need_admin(call, "volume_extension:volume_admin_actions:reset_status")
        set_status(call.world, "volume", doc["id"], body["os-reset_status"]["status"])
    elif "os-extend" in body:
        need_member(call, "volume:extend")
        return _extend(call, doc, int(body["os-extend"]["new_size"]))
    elif "os-set_bootable" in body:
        need_member(call, "volume_extension:volume_actions:set_bootable")
        call.world.state.put(
            "volume", doc | {"bootable": str(bool(body["os-set_bootable"]["bootable"])).lower()}
        )
        return Answer(200)
    else:
        raise Refusal(400, f"There is no such action: {', '.join(body)}")
    return Answer(202)


def _extend(call: Call, doc: Doc, size: int) -> Answer:
    if doc["status"] != "available":
        sentence = f"Invalid volume: Volume {doc['id']} status must be available to extend."
        raise Refusal(400, sentence)
    if size <= doc["size"]:
        sentence = "New size for extend must be greater than current size."
        sentence += f" (current: {doc['size']}, extended: {size})."
        raise Refusal(400, f"Invalid input received: {sentence}")
    check_quota(call.world, call.project_id, gigabytes=size - doc["size"])
    set_status(call.world, "volume", doc["id"], "extending")
    call.world.work.begin("volume.extended", doc["id"], volume=doc["id"], size=size)
    return Answer(202)


@finisher("volume.extended")
def extended(world: World, args: Doc) -> None:
    """Make the volume larger; what is new reads as zeros."""
    world.disks.create(args["volume"], args["size"] * GIB)
    with world.state.change():
        set_status(world, "volume", args["volume"], "available", size=args["size"])
