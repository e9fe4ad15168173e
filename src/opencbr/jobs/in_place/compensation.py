"""The end of a job over disks in place that failed: the server is given back with its disks.

Before the first byte was written over, all is as it was afterwards. After it the server is left shut off: its disks hold
part of the old content and part of the new.
"""

from collections.abc import Callable

from opencbr.cloud.errors import NotFound
from opencbr.jobs.compensation import Straighten, end_failed
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.in_place.disks import DisksInPlace
from opencbr.jobs.in_place.server import ServerInPlace
from opencbr.jobs.notes import note
from opencbr.jobs.parameters import standing
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import found_of, has_begun, is_written, server_of


def compensate_in_place(
    job: Job,
    ctx: JobContext,
    operation: OperationLog,
    end: StepFailed | Cancelled,
    straighten: Straighten,
    *,
    remove: Callable[[], list[str]],
) -> None:
    """Give the server and its disks back, `remove` what nobody needs, and say how it ended."""
    left: list[str] = []
    broken: StepFailed | None = None
    try:
        job.step("return", lambda: _give_back(ctx, operation))
    except StepFailed as second:
        left = [f"what the {operation.operation_type} has changed ({second.message})"]
    try:
        left = [*left, *job.step("compensate", remove)]
    except StepFailed as second:
        broken = second
    job.step("fail", lambda: end_failed(ctx, operation, end, straighten, left=left, broken=broken))


def _give_back(ctx: JobContext, operation: OperationLog) -> None:
    parameters = standing(ctx, operation)
    server_id, found = server_of(parameters), found_of(parameters)
    disks = DisksInPlace(ctx, operation)
    if server_id is None:
        if has_begun(parameters):
            disks.set_free()
        return
    if found is None:
        return  # nothing was touched yet
    server = ServerInPlace(ctx, operation, server_id)
    try:
        server.unlock()
    except NotFound:
        note(ctx, operation, f"server {server_id} was deleted meanwhile")
        return
    disks.give_back(server_id, found.disks)
    if has_begun(parameters):
        hold = (
            "all hold what was to be written"
            if is_written(parameters)
            else "hold part of what was to be written, and part of what they held"
        )
        note(
            ctx,
            operation,
            f"server {server_id} is left as it is, shut off unless it was started: its disks {hold}",
        )
    elif found.was_on:
        server.start()
    if found.locked:
        server.lock_as_before(found.locked_reason)
