"""Metadata and tags of a server."""

from opencbr.democloud.compute.routes import ROUTES, SERVER, need_member, need_server
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response


@ROUTES.on("GET", SERVER + "/metadata")
def show_metadata(call: Call) -> Response:
    """Show the metadata."""
    return Response(body={"metadata": need_server(call)["metadata"]})


@ROUTES.on("POST", SERVER + "/metadata")
@ROUTES.on("PUT", SERVER + "/metadata")
def set_metadata(call: Call) -> Response:
    """Add to the metadata (POST) or replace it (PUT)."""
    need_member(call, "os_compute_api:server-metadata:create")
    doc, new = need_server(call), call.body("metadata")
    doc["metadata"] = doc["metadata"] | new if call.method == "POST" else new
    return Response(body={"metadata": call.backend.state.put("server", doc)["metadata"]})


@ROUTES.on("GET", SERVER + "/tags")
def show_tags(call: Call) -> Response:
    """Show the tags (2.26)."""
    return Response(body={"tags": need_server(call)["tags"]})


@ROUTES.on("PUT", SERVER + "/tags")
def set_tags(call: Call) -> Response:
    """Replace the tags (2.26)."""
    need_member(call, "os_compute_api:os-server-tags:update_all")
    doc, tags = need_server(call), call.body().get("tags", [])
    if not all(isinstance(tag, str) and tag and not set(tag) & {"/", ","} for tag in tags):
        raise ApiError(400, "Invalid input for field/attribute tags.")
    call.backend.state.put("server", doc | {"tags": sorted(set(tags))})
    return Response(body={"tags": sorted(set(tags))})
