"""Metadata of a volume."""

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response, encode
from opencbr.democloud.volume.routes import PROJECT, ROUTES, need, need_member


@ROUTES.on("GET", PROJECT + "/volumes/{volume}/metadata")
def show_metadata(call: Call) -> Response:
    """Show the metadata; Cinder labels this JSON as text/html."""
    doc = need(call, "volume", call.params["volume"])
    body = encode("volume", {"metadata": doc["metadata"]})
    return Response(200, body, {"Content-Type": "text/html; charset=UTF-8"})


@ROUTES.on("POST", PROJECT + "/volumes/{volume}/metadata")
@ROUTES.on("PUT", PROJECT + "/volumes/{volume}/metadata")
def set_metadata(call: Call) -> Response:
    """Add to the metadata (POST) or replace it (PUT)."""
    need_member(call, "volume:create_volume_metadata")
    doc, new = need(call, "volume", call.params["volume"]), call.body("metadata")
    doc["metadata"] = doc["metadata"] | new if call.method == "POST" else new
    return Response(body={"metadata": call.backend.state.put("volume", doc)["metadata"]})


@ROUTES.on("DELETE", PROJECT + "/volumes/{volume}/metadata/{key}")
def delete_metadata(call: Call) -> Response:
    """Take one key out of the metadata."""
    need_member(call, "volume:delete_volume_metadata")
    doc = need(call, "volume", call.params["volume"])
    if doc["metadata"].pop(call.params["key"], None) is None:
        raise ApiError(404, f"Volume {doc['id']} has no metadata with key {call.params['key']}.")
    call.backend.state.put("volume", doc)
    return Response(200)
