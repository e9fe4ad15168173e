"""Volume types."""

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State
from opencbr.democloud.volume.routes import PROJECT, ROUTES


def default_type(state: State) -> Doc:
    """Return the type of volumes for which none was named: the first that was made."""
    return state.all("volume-type")[0]


def find_type(call: Call, wanted: str) -> Doc:
    """Return the type with that id or name; refuses with 404."""
    for doc in call.backend.state.all("volume-type"):
        if wanted in (doc["id"], doc["name"]):
            return doc
    raise ApiError(404, f"Volume type {wanted} could not be found.")


@ROUTES.on("GET", PROJECT + "/types")
def list_types(call: Call) -> Response:
    """List the volume types."""
    shown = [d | {"os-volume-type-access:is_public": True} for d in call.backend.state.all("volume-type")]
    return Response(body={"volume_types": shown})


@ROUTES.on("GET", PROJECT + "/types/{type}")
def show_type(call: Call) -> Response:
    """Show one volume type, by id or as `default`."""
    wanted = call.params["type"]
    doc = (
        default_type(call.backend.state)
        if wanted == "default"
        else call.backend.state.get("volume-type", wanted)
    )
    if doc is None:
        raise ApiError(404, f"Volume type {wanted} could not be found.")
    extra = {} if wanted == "default" else {"os-volume-type-access:is_public": True}
    return Response(body={"volume_type": doc | extra})
