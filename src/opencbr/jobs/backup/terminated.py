"""A server deleted during its backup: the disks that should have gone with it, and that our snapshots have kept.

Nova deletes a disk that has `delete_on_termination` with its server, once; Cinder refuses while a snapshot of the disk
stands, and Nova does not come again. The disk is told of and not deleted: whoever wanted it gone can still delete it, and
nobody could bring it back.
"""

import json

from opencbr.cloud.errors import CloudError, NotFound
from opencbr.cloud.statuses import CINDER_AVAILABLE
from opencbr.jobs.context import JobContext
from opencbr.jobs.notes import note
from opencbr.model.document import Reading
from opencbr.model.operation_log import OperationLog


def tell_kept_disks(ctx: JobContext, operation: OperationLog, reading: Reading | None) -> None:
    """Note each such disk in the operation log; a cloud that does not tell leaves it at that. Asks only where some may be."""
    if reading is None or not (going := _going_with_server(reading)):
        return
    reader = ctx.cloud.reader()
    try:
        reader.get_server(reading.resource_id)
    except NotFound:
        pass
    except CloudError:
        return
    else:
        return
    for volume_id in going:
        try:
            volume = reader.get_volume(volume_id)
        except CloudError:
            continue
        if volume.get("status") == CINDER_AVAILABLE and not volume.get("attachments"):
            note(
                ctx,
                operation,
                f"server {reading.resource_id} was deleted during its backup, and Nova could not delete volume {volume_id} "
                "with it while a snapshot was taken of it: delete the volume if it is not needed",
            )


def _going_with_server(reading: Reading) -> list[str]:
    """Return the protected volumes of a server that are deleted with it."""
    ours = {disk.volume_id for disk in reading.disks}
    bodies = [json.loads(one.body) for one in reading.documents if one.name == "server"]
    rows = [
        row for body in bodies for row in body["server"].get("os-extended-volumes:volumes_attached") or ()
    ]
    return [row["id"] for row in rows if row.get("delete_on_termination") and row["id"] in ours]
