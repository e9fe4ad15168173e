"""Actions on a server: stop, start, lock, unlock, and an image of it."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_finish
from opencbr.democloud.compute.routes import (
    ROUTES,
    SERVER,
    need_admin,
    need_member,
    need_server,
    need_unlocked,
)
from opencbr.democloud.image.images import make_image
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc


@ROUTES.on("POST", SERVER + "/action")
def action(call: Call) -> Response:
    """Carry out the one action that the body names."""
    need_member(call, "os_compute_api:servers:action")
    doc, body = need_server(call), call.body()
    if len(body) != 1:
        raise ApiError(400, "There is no such action: " + ", ".join(body))
    name, args = next(iter(body.items()))
    if name in ("lock", "unlock"):
        return _lock(call, doc, args) if name == "lock" else _unlock(call, doc)
    need_unlocked(call, doc)
    if name == "createImage":
        return _image(call, doc, args)
    moves = {"os-stop": ("ACTIVE", "SHUTOFF", "stop"), "os-start": ("SHUTOFF", "ACTIVE", "start")}
    moves["reboot"] = ("ACTIVE", "ACTIVE", "reboot")
    if name not in moves:
        raise ApiError(400, f"There is no such action: {name}")
    before, after, verb = moves[name]
    if doc["status"] != before or doc["task_state"]:
        where = (
            f"task_state {doc['task_state']}" if doc["task_state"] else f"vm_state {_vm_state(doc['status'])}"
        )
        raise ApiError(409, f"Cannot '{verb}' instance {doc['id']} while it is in {where}")
    task = {"stop": "powering-off", "start": "powering-on", "reboot": "reboot_started"}[verb]
    call.backend.state.put("server", doc | {"task_state": task})
    call.backend.work.begin("server.moved", doc["id"], server=doc["id"], status=after)
    return Response(202)


def _lock(call: Call, doc: Doc, args: Doc | None) -> Response:
    """Lock a server. As in Nova, its own project changes nothing of a lock that is there."""
    by = _who(call, doc)
    if not (doc["locked"] and by == "owner"):
        reason = args.get("locked_reason") if isinstance(args, dict) else None
        call.backend.state.put("server", doc | {"locked": True, "locked_reason": reason, "locked_by": by})
    return Response(202)


def _unlock(call: Call, doc: Doc) -> Response:
    """Unlock a server; the lock of an admin of another project only an admin takes away."""
    if doc["locked"] and doc.get("locked_by", "owner") != _who(call, doc):
        need_admin(call, "os_compute_api:os-lock-server:unlock:unlock_override")
    call.backend.state.put("server", doc | {"locked": False, "locked_reason": None, "locked_by": None})
    return Response(202)


def _who(call: Call, doc: Doc) -> str:
    return "owner" if call.project_id == doc["project_id"] else "admin"


def _vm_state(status: str) -> str:
    return {"ACTIVE": "active", "SHUTOFF": "stopped", "BUILD": "building"}.get(status, "error")


@on_finish("server.moved")
def moved(backend: Backend, args: Doc) -> None:
    """Give the server the status that the action leads to."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc:
            now = backend.clock.zulu_time()
            backend.state.put("server", doc | {"status": args["status"], "task_state": None, "updated": now})


def _image(call: Call, doc: Doc, args: Doc) -> Response:
    source = call.backend.state.get("image", doc["image_id"]) if doc["image_id"] else None
    size = (
        source["size"] if source else 0
    )  # for a volume-booted server Nova creates an empty image (and snapshots)
    image = make_image(call.backend, call.project_id, args["name"], size=size, visibility="private")
    if source:
        call.backend.disks.duplicate(source["id"], image["id"], size)
    headers = {"Location": f"{call.base.removesuffix('/compute')}/image/v2/images/{image['id']}"}
    body = {"image_id": image["id"]} if call.at_least("2.45") else None
    return Response(202, body, headers)
