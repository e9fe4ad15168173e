"""The delete job: one backup of the user's, with its disks."""

from opencbr.jobs.chains import erase
from opencbr.jobs.disks import top_row
from opencbr.jobs.engine import Cancelled, Job, StepFailed
from opencbr.jobs.failures import JobError
from opencbr.jobs.kit import Kit
from opencbr.jobs.undo import describe
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups, operation_logs


def run_delete(job: Job, kit: Kit, order: OperationLog) -> None:
    """Delete the backup that `order` names.

    When the cloud will not, the backup is in `error` and can be deleted again.
    """
    assert order.backup_id is not None, "an order to delete names its backup"
    backup_id = order.backup_id
    try:
        job.step("begin", lambda: _begin(kit, order, backup_id))
        job.step("delete", lambda: erase_or_fail(kit, order.project_id, backup_id))
        job.step("close", lambda: _finish(kit, order, "success", "", ""))
    except (StepFailed, Cancelled) as end:
        code, message = describe(end)
        job.step("fail", lambda: _fail(kit, order, backup_id, code, message))


def start_deleting(kit: Kit, project_id: str, backup_id: str) -> None:
    """Set a backup `deleting`. Raises JobError 6201 when its status forbids that."""
    with kit.database.write() as conn:
        top = top_row(conn, project_id, backup_id)
        if top.status != "deleting" and not backups.move(
            conn, project_id, backup_id, to="deleting", updated_at=kit.clock.now()
        ):
            raise JobError("6201", f"backup {backup_id} is {top.status} and cannot be deleted now")


def erase_or_fail(kit: Kit, project_id: str, backup_id: str) -> None:
    """Delete along the chain. Raises JobError 4004 naming what the cloud would not remove."""
    left = erase(kit, project_id, backup_id)
    if left:
        raise JobError("4004", "the cloud did not remove " + "; ".join(left))


def give_up_deleting(kit: Kit, project_id: str, backup_id: str) -> None:
    """Set a backup whose deletion failed to `error`, so that the user can ask again."""
    with kit.database.write() as conn:
        top = backups.get(conn, project_id, backup_id)
        if top is not None and top.status in ("waiting_delete", "deleting"):
            backups.move(conn, project_id, backup_id, to="error", updated_at=kit.clock.now())


def _begin(kit: Kit, order: OperationLog, backup_id: str) -> None:
    with kit.database.write() as conn:
        operation_logs.begin(conn, order.id, now=kit.clock.now())
    start_deleting(kit, order.project_id, backup_id)


def _finish(kit: Kit, order: OperationLog, status: str, code: str, message: str) -> None:
    with kit.database.write() as conn:
        operation_logs.finish(conn, order.id, status, code, message, now=kit.clock.now())


def _fail(kit: Kit, order: OperationLog, backup_id: str, code: str, message: str) -> None:
    give_up_deleting(kit, order.project_id, backup_id)
    _finish(kit, order, "failed", code, message)
