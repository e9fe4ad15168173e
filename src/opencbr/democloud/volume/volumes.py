"""Volumes: create, list, show, change, delete."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.disks import GIB
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.paging import page
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.quotas import check_quota
from opencbr.democloud.volume.routes import PROJECT, ROUTES, links, marked, need, need_member, select
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.types import default_type, find_type
from opencbr.democloud.volume.views import volume_view
from opencbr.democloud.zones import ZONE, zones_of

DELETABLE = {"available", "error", "error_restoring", "error_extending", "error_managing"}


_NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or"
    " error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a"
    " transfer, or be disassociated from snapshots after volume transfer."
)


_FILTERS = {"name", "status", "metadata", "bootable", "availability_zone", "size", "created_at", "updated_at"}


_FILTERS |= {"volume_type_id", "group_id", "migration_status"}


def make_volume(
    backend: Backend, *, project_id: str, user_id: str, size: int, volume_type: Doc, **fields: object
) -> Doc:
    """Store a volume of `size` GiB in the status creating and a disk of zeros for it."""
    now = backend.clock.long_time()
    doc: Doc = {"id": new_uuid(), "project_id": project_id, "user_id": user_id, "size": size}
    doc |= {"status": "creating", "availability_zone": ZONE, "created_at": now, "updated_at": None}
    doc |= {"name": None, "description": None, "snapshot_id": None, "source_volid": None, "metadata": {}}
    doc |= {"bootable": "false", "volume_type": volume_type["name"], "volume_type_id": volume_type["id"]}
    service = backend.state.find("cinder-service", binary="cinder-volume")
    if backend.state.find("encryption", volume_type_id=volume_type["id"]):
        doc["encryption_key_id"] = new_uuid()
    doc["service_uuid"] = service["uuid"] if service else new_uuid()
    doc |= fields
    backend.disks.create(doc["id"], size * GIB)
    return backend.state.put("volume", doc)


@ROUTES.on("POST", PROJECT + "/volumes")
def create(call: Call) -> Response:
    """Create an empty volume, or one from a snapshot, a volume, an image or a backup."""
    need_member(call, "volume:create")
    body, state = call.body("volume"), call.backend.state
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
        raise ApiError(
            400, "Invalid input received: Invalid image identifier or unable to access requested image."
        )
    size = int(body.get("size") or (source["size"] if source else 0))
    if size <= 0 or (source and size < source["size"]):
        raise ApiError(
            400, f"Invalid input received: Invalid volume size provided for create request: {size}"
        )
    zone = body.get("availability_zone") or (source or {}).get("availability_zone") or ZONE
    if zone not in zones_of(call.backend.state, "volume"):
        raise ApiError(400, f"Invalid input received: Availability zone '{zone}' is invalid.")
    fields["availability_zone"] = zone
    check_quota(call.backend, call.project_id, volumes=1, gigabytes=size)
    if image:
        fields |= {"bootable": "true", "volume_image_metadata": image_metadata(image)}
    doc = make_volume(
        call.backend, project_id=call.project_id, user_id=call.user_id, size=size, volume_type=kind, **fields
    )
    if source:
        call.backend.disks.duplicate(source["id"], doc["id"], size * GIB)
    elif image:
        call.backend.disks.write(doc["id"], 0, call.backend.disks.read(image["id"], 0, image["size"]))
    call.backend.work.begin("volume.created", doc["id"], volume=doc["id"])
    return Response(202, {"volume": volume_view(call, doc, fresh=True)})


def image_metadata(image: Doc) -> Doc:
    """Return what Cinder keeps of the image a volume was made from: strings only."""
    kept: Doc = {"signature_verified": "False", **{k: str(v) for k, v in image.get("properties", {}).items()}}
    kept |= {"image_id": image["id"], "image_name": image["name"]}
    kept |= {"checksum": image["checksum"]} if image["checksum"] else {}
    kept |= {"container_format": image["container_format"], "disk_format": image["disk_format"]}
    return kept | {
        "min_disk": str(image["min_disk"]),
        "min_ram": str(image["min_ram"]),
        "size": str(image["size"]),
    }


@on_finish("volume.created")
def created(backend: Backend, args: Doc) -> None:
    """Set the volume available."""
    with backend.state.change():
        set_status(backend, "volume", args["volume"], "available")


@on_failure("volume.created")
def not_created(backend: Backend, args: Doc, _: str) -> None:
    """Set the volume to error."""
    with backend.state.change():
        set_status(backend, "volume", args["volume"], "error")


@ROUTES.on("GET", PROJECT + "/volumes")
@ROUTES.on("GET", PROJECT + "/volumes/detail")
def index(call: Call) -> Response:
    """List volumes, in short or with everything."""
    detail = call.path.rstrip("/").endswith("/detail")
    found = select(call, "volume", _FILTERS)
    found, following = page(call, found, call.base + call.path, among=marked(call, "volume"))
    short = [{"id": d["id"], "name": d["name"], "links": links(call, "volumes", d["id"])} for d in found]
    body: Doc = {"volumes": [volume_view(call, d) for d in found] if detail else short}
    if following:
        body["volumes_links"] = [{"rel": "next", "href": following}]
    return Response(body=body)


@ROUTES.on("GET", PROJECT + "/volumes/{volume}")
def show(call: Call) -> Response:
    """Show one volume."""
    return Response(body={"volume": volume_view(call, need(call, "volume", call.params["volume"]))})


@ROUTES.on("PUT", PROJECT + "/volumes/{volume}")
def change(call: Call) -> Response:
    """Rename or describe a volume."""
    need_member(call, "volume:update")
    doc = need(call, "volume", call.params["volume"])
    doc |= {k: v for k, v in call.body("volume").items() if k in ("name", "description", "metadata")}
    shown = volume_view(call, call.backend.state.put("volume", doc))
    return Response(body={"volume": {k: v for k, v in shown.items() if not k.startswith("os-vol-")}})


@ROUTES.on("DELETE", PROJECT + "/volumes/{volume}")
def delete(call: Call) -> Response:
    """Delete a volume that is free and has no snapshots (Cinder's own list of conditions)."""
    need_member(call, "volume:delete")
    doc, state = need(call, "volume", call.params["volume"]), call.backend.state
    held = bool(state.all("attachment", doc["project_id"], volume_id=doc["id"]))
    held |= bool(state.all("snapshot", doc["project_id"], volume_id=doc["id"]))
    if held or doc["status"] not in DELETABLE:
        raise ApiError(400, _NOT_DELETABLE)
    set_status(call.backend, "volume", doc["id"], "deleting")
    call.backend.work.begin("volume.deleted", doc["id"], volume=doc["id"])
    return Response(202)


@on_finish("volume.deleted")
def deleted(backend: Backend, args: Doc) -> None:
    """Delete the volume and its bytes."""
    with backend.state.change():
        backend.state.drop("volume", args["volume"])
    backend.disks.remove(args["volume"])
