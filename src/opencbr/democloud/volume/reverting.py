"""Taking a volume back to its newest snapshot."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.completion import on_failure, on_finish
from opencbr.democloud.disks import GIB
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.status import set_status

MICROVERSION = "3.40"
"""Below it the action is not there (404)."""


def revert(call: Call, volume: Doc, snapshot_id: str | None) -> Response:
    """Begin to take a volume back to a snapshot: its newest one, of its size, both `available`.

    As in Cinder the volume reads `reverting` before the snapshot is looked at, and stays so when that is refused.
    """
    if not call.at_least(MICROVERSION):
        raise ApiError(404, "The resource could not be found.")
    backend = call.backend
    snapshots = backend.state.all("snapshot", volume_id=volume["id"])
    if not snapshots:
        raise ApiError(400, f"Volume {volume['id']} doesn't have any snapshots.")
    newest = max(snapshots, key=lambda one: str(one["taken"]))
    if snapshot_id != newest["id"]:
        latest = f"is None or not the latest one of volume {volume['id']}."
        raise ApiError(400, f"Specified snapshot {snapshot_id} {latest}")
    refused = f"Can't revert volume {volume['id']} to its latest snapshot {snapshot_id}."
    if volume["size"] != newest["size"]:
        raise ApiError(400, f"{refused} The volume size must be equal to the snapshot size.")
    if volume["status"] != "available":
        raise ApiError(409, f"Invalid volume: {refused} Volume's status must be 'available'.")
    set_status(backend, "volume", volume["id"], "reverting")
    if newest["status"] != "available":
        sentence = f"Invalid snapshot: {refused} Snapshot's status must be 'available'."
        raise ApiError(409, sentence, keeps=True)
    set_status(backend, "snapshot", newest["id"], "restoring")
    backend.work.begin("volume.reverted", volume["id"], volume=volume["id"], snapshot=newest["id"])
    return Response(202)


@on_finish("volume.reverted")
def reverted(backend: Backend, args: Doc) -> None:
    """Give the volume the bytes of the snapshot, which stays."""
    with backend.state.change():
        snapshot = backend.state.get("snapshot", args["snapshot"])
    if snapshot is not None:
        backend.disks.duplicate(snapshot["id"], args["volume"], snapshot["size"] * GIB)
    with backend.state.change():
        set_status(backend, "volume", args["volume"], "available")
        set_status(backend, "snapshot", args["snapshot"], "available")


@on_failure("volume.reverted")
def not_reverted(backend: Backend, args: Doc, _: str) -> None:
    """Set the volume to error; the snapshot is available as before."""
    with backend.state.change():
        set_status(backend, "volume", args["volume"], "error")
        set_status(backend, "snapshot", args["snapshot"], "available")
