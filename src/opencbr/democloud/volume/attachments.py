"""Attachments as Cinder shows them."""

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.routes import PROJECT, ROUTES


@ROUTES.on("GET", PROJECT + "/attachments")
@ROUTES.on("GET", PROJECT + "/attachments/detail")
def attachments(call: Call) -> Response:
    """List the attachments of the project's volumes."""
    detail = call.path.rstrip("/").endswith("/detail")
    rows = []
    for doc in reversed(call.backend.state.all("attachment", call.project_id)):
        wanted = {"volume_id": "volume_id", "instance_id": "server_id", "status": "status"}
        if all(call.query.get(name, doc[field]) == doc[field] for name, field in wanted.items()):
            rows.append(_attachment(doc, detail=detail))
    return Response(body={"attachments": rows})


@ROUTES.on("GET", PROJECT + "/attachments/{attachment}")
def attachment(call: Call) -> Response:
    """Show one attachment."""
    doc = call.backend.state.get("attachment", call.params["attachment"])
    if doc is None or not call.owns(doc):
        wanted = call.params["attachment"]
        message = f"Volume attachment could not be found with filter: attachment_id = {wanted}."
        raise ApiError(404, message)
    return Response(body={"attachment": _attachment(doc, detail=True)})


def _attachment(doc: Doc, *, detail: bool) -> Doc:
    shown: Doc = {"id": doc["id"], "status": doc["status"], "instance": doc["server_id"]}
    shown["volume_id"] = doc["volume_id"]
    if not detail:
        return shown
    shown |= {"attached_at": doc["attached_at"], "detached_at": "", "attach_mode": "rw"}
    info: Doc = {"driver_volume_type": "file", "volume_id": doc["volume_id"], "access_mode": "rw"}
    info |= {"encrypted": False, "attachment_id": doc["id"]}
    return shown | {"connection_info": info}
