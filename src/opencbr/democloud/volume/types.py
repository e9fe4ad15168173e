"""Volume types: those for everybody, and private ones for the projects that are let in."""

from opencbr.democloud.ids import new_uuid
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State, pick
from opencbr.democloud.volume.routes import PROJECT, ROUTES, links, need_admin


def default_type(state: State) -> Doc:
    """Return the type of volumes for which none was named: the first that was made."""
    return state.all("volume-type")[0]


def find_type(call: Call, wanted: str) -> Doc:
    """Return a type that the caller may use, by id or name; refuses with 404."""
    for doc in call.backend.state.all("volume-type"):
        if wanted in (doc["id"], doc["name"]) and (call.is_admin or call.may_use(doc)):
            return doc
    raise ApiError(404, f"Volume type {wanted} could not be found.")


@ROUTES.on("GET", PROJECT + "/types")
def list_types(call: Call) -> Response:
    """List the volume types: the public ones, and the private ones that the caller's project may use."""
    shown = [
        _view(call, doc) | {"os-volume-type-access:is_public": doc["is_public"]}
        for doc in call.backend.state.all("volume-type")
        if call.may_use(doc)
    ]
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
    if doc is None or not (call.is_admin or call.may_use(doc)):
        raise ApiError(404, f"Volume type {wanted} could not be found.")
    extra = {} if wanted == "default" else {"os-volume-type-access:is_public": doc["is_public"]}
    return Response(body={"volume_type": _view(call, doc) | extra})


def _view(call: Call, doc: Doc) -> Doc:
    shown = pick(doc, "id", "name", "is_public", "description", "extra_specs")
    return shown | ({"qos_specs_id": doc.get("qos_specs_id")} if call.is_admin else {})


@ROUTES.on("GET", PROJECT + "/types/{type}/encryption")
def show_encryption(call: Call) -> Response:
    """Show how volumes of a type are encrypted: an empty object for a type that is not."""
    need_admin(call, "volume_extension:volume_type_encryption:get")
    found = call.backend.state.find("encryption", volume_type_id=find_type(call, call.params["type"])["id"])
    return Response(body={} if found is None else {k: v for k, v in found.items() if k != "id"})


@ROUTES.on("POST", PROJECT + "/types/{type}/encryption")
def create_encryption(call: Call) -> Response:
    """Have the volumes of a type encrypted from now on."""
    need_admin(call, "volume_extension:volume_type_encryption:create")
    kind, body = find_type(call, call.params["type"]), call.body("encryption")
    encryption_id, now = new_uuid(), call.backend.clock.long_time()
    doc: Doc = {"id": encryption_id, "encryption_id": encryption_id}
    doc |= {name: body.get(name) for name in ("cipher", "key_size", "provider", "control_location")}
    doc |= {"volume_type_id": kind["id"], "deleted_at": None, "deleted": False}
    call.backend.state.put("encryption", doc | {"created_at": now, "updated_at": None}, project="")
    own = {"volume_type_id": kind["id"], "encryption_id": encryption_id}
    return Response(body={"encryption": body | own})


@ROUTES.on("GET", PROJECT + "/qos-specs/{specs}")
def show_qos_specs(call: Call) -> Response:
    """Show QoS specs."""
    need_admin(call, "volume_extension:qos_specs_manage:get")
    doc = call.backend.state.get("qos-specs", call.params["specs"])
    if doc is None:
        raise ApiError(404, f"No such QoS spec {call.params['specs']}.")
    return Response(
        body={
            "qos_specs": pick(doc, "id", "name", "consumer", "specs"),
            "links": links(call, "qos-specs", doc["id"]),
        }
    )


@ROUTES.on("POST", PROJECT + "/types")
def create_type(call: Call) -> Response:
    """Create a volume type, for everybody or (`os-volume-type-access:is_public` false) for nobody yet."""
    need_admin(call, "volume_extension:type_create")
    body = call.body("volume_type")
    doc: Doc = {"id": new_uuid(), "name": body["name"], "description": None, "projects": []}
    doc["is_public"] = bool(body.get("os-volume-type-access:is_public", True))
    call.backend.state.put("volume-type", doc | {"extra_specs": body.get("extra_specs") or {}}, project="")
    return Response(body={"volume_type": _view(call, doc | {"extra_specs": {}})})


@ROUTES.on("POST", PROJECT + "/types/{type}/action")
def change_access(call: Call) -> Response:
    """Let a project use a private type, or not any more."""
    ((action, body),) = call.body().items()
    lets_in = action == "addProjectAccess"
    need_admin(call, f"volume_extension:volume_type_access:{action}")
    doc = find_type(call, call.params["type"])
    if doc["is_public"]:
        raise ApiError(409, "Type access modification is not applicable to public volume type.")
    others = [project for project in doc["projects"] if project != body["project"]]
    doc["projects"] = [*others, body["project"]] if lets_in else others
    call.backend.state.put("volume-type", doc, project="")
    return Response(202)


@ROUTES.on("DELETE", PROJECT + "/types/{type}")
def delete_type(call: Call) -> Response:
    """Delete a volume type."""
    need_admin(call, "volume_extension:type_delete")
    call.backend.state.drop("volume-type", find_type(call, call.params["type"])["id"])
    return Response(202)
