"""The servers and disks that a job over disks in place keeps busy."""

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.operation_log import OperationLog
from opencbr.store import resources, restore_targets


def free_targets(conn: Connection, operation: OperationLog) -> None:
    """Let them be backed up and restored again."""
    for resource_id in restore_targets.of_log(conn, operation.id):
        resources.set_status(
            conn,
            operation.project_id,
            resource_id,
            statuses.AVAILABLE,
            only_from={statuses.RESTORING},
        )
    restore_targets.free(conn, operation.id)
