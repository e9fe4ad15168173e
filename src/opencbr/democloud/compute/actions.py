"""Actions on a server: stop, start, reboot, lock, unlock; an image of it and its rebuild have modules of their own."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_finish
from opencbr.democloud.compute.images_of_servers import create_image
from opencbr.democloud.compute.rebuild import rebuild
from opencbr.democloud.compute.routes import (
    ROUTES,
    SERVER,
    need_admin,
    need_member,
    need_server,
    need_status,
    need_unlocked,
)
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
    if name == "os-getConsoleOutput":
        return _console(doc, args)
    if name == "createImage":
        return create_image(call, doc, args)
    need_unlocked(call, doc)
    if name == "rebuild":
        return rebuild(call, doc, args)
    moves = {"os-stop": ("ACTIVE", "SHUTOFF", "stop"), "os-start": ("SHUTOFF", "ACTIVE", "start")}
    moves["reboot"] = ("ACTIVE", "ACTIVE", "reboot")
    if name not in moves:
        raise ApiError(400, f"There is no such action: {name}")
    before, after, verb = moves[name]
    need_status(doc, verb, {before})
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


def _console(doc: Doc, args: Doc | None) -> Response:
    """Show what a server has written on its console; one that has never run has none, and Nova says 409 so."""
    if doc["status"] == "BUILD":
        raise ApiError(409, f"Instance {doc['id']} is not ready")
    lines = f"{doc['name']} login:".splitlines()
    length = args.get("length") if isinstance(args, dict) else None
    return Response(body={"output": "\n".join(lines[-int(length) :] if length else lines)})


def _who(call: Call, doc: Doc) -> str:
    return "owner" if call.project_id == doc["project_id"] else "admin"


@on_finish("server.moved")
def moved(backend: Backend, args: Doc) -> None:
    """Give the server the status that the action leads to."""
    with backend.state.change():
        doc = backend.state.get("server", args["server"])
        if doc:
            now = backend.clock.zulu_time()
            backend.state.put("server", doc | {"status": args["status"], "task_state": None, "updated": now})
