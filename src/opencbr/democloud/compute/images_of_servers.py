"""An image of a server: of the root disk of one that boots from an image, empty of one that boots from a volume."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.compute.routes import need_status
from opencbr.democloud.image.images import fill_image, make_image, queue_image
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc

_AT_REST = {"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"}


def create_image(call: Call, doc: Doc, args: Doc) -> Response:
    """Begin to make an image: it is queued, then saving, then active. Nova heeds no lock here."""
    need_status(doc, "createImage", _AT_REST)
    state, backend = call.backend.state, call.backend
    source = state.get("image", doc["image_id"]) if doc["image_id"] else None
    own = {name: str(value) for name, value in (args.get("metadata") or {}).items()}
    if not doc["image_id"]:
        # Nova makes an image of 0 bytes that names snapshots of the volumes; those are not made here.
        image = make_image(backend, call.project_id, args["name"], size=0, visibility="private", **own)
    else:
        image = queue_image(
            backend,
            call.project_id,
            args["name"],
            min_disk=doc["flavor"]["disk"],
            properties={
                **(source["properties"] if source else {}),
                "base_image_ref": doc["image_id"],
                "owner_project_name": call.claims["project"]["name"],
                "owner_user_name": call.claims["user"]["name"],
                "boot_roles": ",".join(sorted(call.roles)),
                "instance_uuid": doc["id"],
                "user_id": call.user_id,
                "image_type": "snapshot",
                **own,
            },
        )
        backend.disks.duplicate(doc["id"], image["id"], backend.disks.size_bytes(doc["id"]))
        state.put("server", doc | {"task_state": "image_snapshot"})
        backend.work.begin("image.saving", doc["id"], image["id"], server=doc["id"], image=image["id"])
    if call.at_least("2.45"):
        return Response(202, {"image_id": image["id"]})
    location = f"{call.base.removesuffix('/compute')}/image/v2/images/{image['id']}"
    return Response(202, None, {"Location": location})


@on_finish("image.saving")
def saving(backend: Backend, args: Doc) -> None:
    """Let the upload begin."""
    with backend.state.change():
        image, server = (backend.state.get(kind, args[kind]) for kind in ("image", "server"))
        if image is None or server is None:
            _drop(backend, args)
            return
        backend.state.put("image", image | {"status": "saving"})
        backend.state.put("server", server | {"task_state": "image_uploading"})
        backend.work.begin("image.saved", server["id"], image["id"], **args)


@on_finish("image.saved")
def saved(backend: Backend, args: Doc) -> None:
    """Set the image active; one whose server is gone meanwhile is gone too."""
    with backend.state.change():
        image, server = (backend.state.get(kind, args[kind]) for kind in ("image", "server"))
        if image is None or server is None:
            _drop(backend, args)
            return
        fill_image(backend, image)
        backend.state.put("server", server | {"task_state": None})


@on_failure("image.saving")
@on_failure("image.saved")
def not_saved(backend: Backend, args: Doc, _reason: str) -> None:
    """Delete the image, as Nova does when it cannot make it; the server is as it was."""
    with backend.state.change():
        _drop(backend, args)


def _drop(backend: Backend, args: Doc) -> None:
    backend.state.drop("image", args["image"])
    backend.disks.remove(args["image"])
    if (server := backend.state.get("server", args["server"])) is not None:
        backend.state.put("server", server | {"task_state": None})
