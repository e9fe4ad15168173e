"""The end of a restore that failed: the server is given back with its disks, and what was written over can be had back.

Before the first byte was written over, all is as it was afterwards. After it the server is left shut off: its disks hold
part of the old content and part of the backup's.
"""

from opencbr.cloud.errors import NotFound
from opencbr.jobs.compensation import end_failed, remove_made
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.notes import note
from opencbr.jobs.parameters import standing
from opencbr.jobs.restore.disks import RestoredDisks
from opencbr.jobs.restore.rows import give_back_rows
from opencbr.jobs.restore.server import RestoredServer
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import found_of, has_begun, is_written, request_of


def compensate_restore(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Give the server and its disks back, remove the snapshots unless they are needed, and say how it ended."""
    left: list[str] = []
    broken: StepFailed | None = None
    try:
        job.step("return", lambda: _give_back(ctx, operation))
    except StepFailed as second:
        left = [f"what the restore has changed ({second.message})"]
    try:
        left = [*left, *job.step("compensate", lambda: _remove(ctx, operation))]
    except StepFailed as second:
        broken = second
    job.step("fail", lambda: end_failed(ctx, operation, end, give_back_rows, left=left, broken=broken))


def _give_back(ctx: JobContext, operation: OperationLog) -> None:
    parameters = standing(ctx, operation)
    request, found = request_of(parameters), found_of(parameters)
    disks = RestoredDisks(ctx, operation)
    if request.server_id is None:
        if has_begun(parameters):
            disks.set_free(request.disks[0].volume_id)
        return
    if found is None:
        return  # nothing was touched yet
    server = RestoredServer(ctx, operation, request.server_id)
    try:
        server.unlock()
    except NotFound:
        note(ctx, operation, f"server {request.server_id} was deleted during its restore")
        return
    disks.give_back(request.server_id, found.disks)
    if has_begun(parameters):
        hold = (
            "all hold the backup"
            if is_written(parameters)
            else "hold part of the backup, and part of what they held"
        )
        note(
            ctx,
            operation,
            f"server {request.server_id} is left as it is, shut off unless it was started: its disks {hold}",
        )
    elif found.was_on:
        server.start()
    if found.locked:
        server.lock_as_before(found.locked_reason)


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    """Remove the snapshots when nothing was written over."""
    return [] if has_begun(standing(ctx, operation)) else remove_made(ctx, operation)
