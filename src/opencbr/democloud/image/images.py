"""Images and their bytes."""

import hashlib

from opencbr.democloud.backend import Backend
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.paging import page
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.routing import Routes
from opencbr.democloud.state import Doc

ROUTES = Routes()
_VERSIONS = ("2.17", "2.15", "2.13", "2.12", "2.11", *(f"2.{minor}" for minor in range(10, -1, -1)))


def make_image(
    backend: Backend, owner: str, name: str, *, size: int, visibility: str, **properties: str
) -> Doc:
    """Store an active raw image of `size` zero bytes; write its bytes with `backend.disks`, then `add_checksums`."""
    now = backend.clock.zulu_time()
    doc: Doc = {"id": new_uuid(), "project_id": owner, "name": name, "size": size, "visibility": visibility}
    doc |= {"disk_format": "raw", "container_format": "bare", "status": "active", "min_ram": 0, "min_disk": 0}
    doc |= {"created_at": now, "updated_at": now, "tags": [], "properties": properties}
    backend.disks.create(doc["id"], size)
    return add_checksums(backend, doc)


def queue_image(backend: Backend, owner: str, name: str, *, min_disk: int, properties: Doc) -> Doc:
    """Store an image that has no bytes yet, as Nova makes one of a server; `fill_image` gives them."""
    now = backend.clock.zulu_time()
    doc: Doc = {"id": new_uuid(), "project_id": owner, "name": name, "size": None, "visibility": "private"}
    doc |= {"disk_format": None, "container_format": None, "status": "queued", "min_ram": 0}
    doc |= {"min_disk": min_disk, "created_at": now, "updated_at": now, "tags": [], "properties": properties}
    return backend.state.put("image", doc | {"checksum": None, "os_hash_value": None})


def fill_image(backend: Backend, doc: Doc, *, checksums: bool = True) -> None:
    """Set an image active whose bytes lie in `backend.disks`; Glance has no checksums of bytes that did not pass through it."""
    fields: Doc = {"status": "active", "disk_format": "raw", "container_format": "bare"}
    fields |= {"size": backend.disks.size_bytes(doc["id"]), "updated_at": backend.clock.zulu_time()}
    if checksums:
        add_checksums(backend, doc | fields)
    else:
        backend.state.put("image", doc | fields)


def add_checksums(backend: Backend, doc: Doc) -> Doc:
    """Store the checksums of the bytes an image has now."""
    data = backend.disks.read(doc["id"], 0, doc["size"])
    doc["checksum"] = hashlib.md5(
        data, usedforsecurity=False
    ).hexdigest()  # a field that Glance keeps for old clients
    doc["os_hash_value"] = hashlib.sha512(data).hexdigest()
    return backend.state.put("image", doc)


def _view(doc: Doc) -> Doc:
    shown: Doc = {**doc["properties"], "name": doc["name"], "disk_format": doc["disk_format"]}
    shown |= {
        "container_format": doc["container_format"],
        "visibility": doc["visibility"],
        "size": doc["size"],
    }
    shown |= {"virtual_size": doc["size"], "status": doc["status"], "checksum": doc["checksum"]}
    shown |= {"protected": False, "min_ram": doc["min_ram"], "min_disk": doc["min_disk"]}
    shown |= {"owner": doc["project_id"], "os_hidden": False}
    shown["os_hash_algo"] = "sha512" if doc["os_hash_value"] else None
    shown |= {"os_hash_value": doc["os_hash_value"], "id": doc["id"], "created_at": doc["created_at"]}
    shown |= {"updated_at": doc["updated_at"], "tags": doc["tags"], "self": f"/v2/images/{doc['id']}"}
    shown |= {"file": f"/v2/images/{doc['id']}/file", "schema": "/v2/schemas/image"}
    return shown | ({"stores": "file"} if doc["os_hash_value"] else {})


def _visible(call: Call, doc: Doc) -> bool:
    return doc["visibility"] == "public" or call.owns(doc) or call.project_id in doc.get("members", {})


@ROUTES.on("GET", "/", open=True)
@ROUTES.on("GET", "/versions", open=True)
def versions(call: Call) -> Response:
    """List the versions."""
    own = [{"rel": "self", "href": f"{call.base}/v2/"}]
    rows = [
        {"id": f"v{name}", "status": "CURRENT" if name == _VERSIONS[0] else "SUPPORTED", "links": own}
        for name in _VERSIONS
    ]
    return Response(300 if call.path == "/" else 200, {"versions": rows})


@ROUTES.on("GET", "/v2/images")
def index(call: Call) -> Response:
    """List the images the caller may use; any field and property of an image is a filter."""
    found = [_view(d) for d in reversed(call.backend.state.all("image")) if _visible(call, d)]
    wanted = {name: value for name, value in call.query.items() if name not in ("limit", "marker", "sort")}
    found = [d for d in found if all(str(d.get(name)) == value for name, value in wanted.items())]
    found, following = page(call, found, "/v2/images")
    first = "/v2/images" + (f"?{call.query_text}" if call.query_text else "")
    body: Doc = {"images": found, "first": first, "schema": "/v2/schemas/images"}
    return Response(body=body | ({"next": following} if following else {}))


def _need(call: Call) -> Doc:
    doc = call.backend.state.get("image", call.params["image"])
    if doc is None or not _visible(call, doc):
        raise ApiError(404, f"No image found with ID {call.params['image']}")
    return doc


@ROUTES.on("GET", "/v2/images/{image}")
def show(call: Call) -> Response:
    """Show one image."""
    return Response(body=_view(_need(call)))


@ROUTES.on("POST", "/v2/images")
def create(call: Call) -> Response:
    """Create an image of no bytes; `PUT …/file` fills it."""
    body = call.body()
    known = (
        "name",
        "disk_format",
        "container_format",
        "visibility",
        "min_disk",
        "min_ram",
        "tags",
        "id",
        "protected",
    )
    extra = {name: str(value) for name, value in body.items() if name not in known}
    doc = make_image(
        call.backend,
        call.project_id,
        body.get("name") or "",
        size=0,
        visibility=body.get("visibility", "shared"),
        **extra,
    )
    return Response(201, _view(doc))


@ROUTES.on("PUT", "/v2/images/{image}/file")
def upload(call: Call) -> Response:
    """Upload the bytes of an image."""
    doc = _need(call)
    call.backend.disks.remove(doc["id"])
    call.backend.disks.create(doc["id"], len(call.raw))
    call.backend.disks.write(doc["id"], 0, call.raw)
    add_checksums(call.backend, doc | {"size": len(call.raw), "updated_at": call.backend.clock.zulu_time()})
    return Response(204)


@ROUTES.on("GET", "/v2/images/{image}/file")
def download(call: Call) -> Response:
    """Download the bytes of an image."""
    doc = _need(call)
    data = call.backend.disks.read(doc["id"], 0, doc["size"])
    return Response(200, data, {"Content-Type": "application/octet-stream"})


@ROUTES.on("POST", "/v2/images/{image}/members")
def add_member(call: Call) -> Response:
    """Share an image with one project."""
    doc, member = _need(call), call.body()["member"]
    now = call.backend.clock.zulu_time()
    row: Doc = {"member_id": member, "image_id": doc["id"], "status": "pending", "created_at": now}
    row |= {"updated_at": now, "schema": "/v2/schemas/member"}
    call.backend.state.put("image", doc | {"members": {**doc.get("members", {}), member: row}})
    return Response(200, row)


@ROUTES.on("DELETE", "/v2/images/{image}")
def delete(call: Call) -> Response:
    """Delete an image; only its owner may."""
    doc = _need(call)
    if not call.owns(doc):
        raise ApiError(403, "You are not permitted to delete this image.")
    call.backend.state.drop("image", doc["id"])
    call.backend.disks.remove(doc["id"])
    return Response(204)
