"""The way back: a snapshot of each disk before its first byte is written over, an image of a root disk that is no volume.

They are kept for a time after the end. While nothing is written over, a restore that fails removes them like all that it
has made.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext, parallel
from opencbr.jobs.failures import JobError
from opencbr.jobs.in_place.disks import BEGIN, END
from opencbr.jobs.notes import note
from opencbr.jobs.parameters import change, parameters_in, standing
from opencbr.jobs.upstream.objects import make, planned
from opencbr.jobs.upstream.quota_refusals import foreseen_shortage
from opencbr.jobs.upstream.reverting import revert_disks
from opencbr.jobs.upstream.server_images import NotMade, await_image, begin_image
from opencbr.jobs.upstream.snapshots import await_snapshots
from opencbr.model.errors import QUOTA_USED_UP, UNEXPECTED
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import (
    REVERTS,
    DiskToRestore,
    RestoreRequest,
    begun,
    found_of,
    has_begun,
    is_written,
    rebuilt_root_of,
    sizes_of,
)
from opencbr.model.times import wire_time
from opencbr.model.way_back import KEPT_UNTIL, WAY_BACK, DiskToRevert
from opencbr.store import ledger, operation_logs

_WITHOUT = "without_way_back"
"""In the parameters of a restore that has no room for a way back, and may do without."""


def refuse_no_room(ctx: JobContext, operation: OperationLog, sizes_gb: Sequence[int]) -> None:
    """Refuse a restore whose project has no room for a snapshot of each disk of these sizes, before anything is touched.

    Where the operator allows it the restore does without, and says so. Raises JobError 8300 with both numbers.
    """
    if ctx.settings.way_back_seconds <= 0 or not sizes_gb or is_taken(ctx, operation):
        return
    more = {"snapshots": len(sizes_gb), "gigabytes": sum(sizes_gb)}
    short = foreseen_shortage(ctx.cloud.reader(), operation.project_id, more)
    if short is None:
        return
    if not ctx.settings.way_back_optional:
        raise JobError(
            QUOTA_USED_UP,
            f"there is no room for the way back: {short}; delete some, have the quota raised, or have the operator allow a "
            "restore without one (worker.way_back_optional)",
        )
    note(ctx, operation, f"there is no room for the way back, and it is restored without: {short}")
    change(ctx, operation, lambda parameters: {**parameters, _WITHOUT: True})


def take(ctx: JobContext, operation: OperationLog, request: RestoreRequest) -> None:
    """Take the snapshots and the image, and wait until all stand; none where the operator wants no way back.

    Raises Cancelled; CloudError; JobError 7203 when one ends in an error, 9910 when Nova makes no image.
    """
    if ctx.settings.way_back_seconds <= 0 or _WITHOUT in standing(ctx, operation):
        return
    image = _begin_image(ctx, operation, request) if request.root_image_id else None
    await_snapshots(ctx, operation, parallel(lambda disk: _take_one(ctx, operation, disk), request.disks))
    if image is not None:
        with _or_refuse():
            await_image(ctx, operation, request.server_id or "", image)


def _begin_image(ctx: JobContext, operation: OperationLog, request: RestoreRequest) -> str:
    server_id = request.server_id or ""
    with _or_refuse():
        return begin_image(ctx, planned(ctx, operation, "image", server_id), server_id)


@contextmanager
def _or_refuse() -> Iterator[None]:
    try:
        yield
    except NotMade as error:
        raise JobError(
            UNEXPECTED,
            f"what the root disk holds cannot be kept, and nothing is written over without a way back: {error}; the operator "
            "may do without (worker.way_back_seconds = 0)",
        ) from error


def _take_one(ctx: JobContext, operation: OperationLog, disk: DiskToRestore) -> str:
    entry = planned(ctx, operation, "snapshot", disk.volume_id, volume_id=disk.volume_id)
    project = ctx.cloud.project(operation.project_id)

    def create() -> str:
        description = f"what restore {operation.id} writes over; removed by itself"
        return project.create_snapshot(
            disk.volume_id, entry.name, description, {"opencbr": ctx.installation}
        ).id

    return make(ctx, entry, create, project.get_volume(disk.volume_id).size_gb)


def is_taken(ctx: JobContext, operation: OperationLog) -> bool:
    """Say whether there is a way back."""
    with ctx.database.read() as conn:
        return bool(_snapshots(conn, operation))


def may_stop(ctx: JobContext, operation: OperationLog) -> bool:
    """Say whether a cancelled restore can leave all as it was.

    It can while nothing is begun, or all that is can be taken back by `go`: not without its snapshot, and not what Nova
    writes. A restore whose disks are all written is brought to its end.
    """
    parameters = standing(ctx, operation)
    if not has_begun(parameters):
        return True
    if is_written(parameters):
        return False
    with ctx.database.read() as conn:
        kept = _snapshots(conn, operation).keys()
    return begun(parameters) <= kept - {rebuilt_root_of(parameters)}


def go(ctx: JobContext, operation: OperationLog) -> None:
    """Take every disk that may have been written over back to its snapshot, once Cinder has ended what it writes.

    Raises CloudError, JobError, Lost.
    """
    parameters = standing(ctx, operation)
    with ctx.database.read() as conn:
        snapshots = _snapshots(conn, operation)
    found, sizes = found_of(parameters), sizes_of(parameters)
    disks = [
        DiskToRevert(snapshot_id=snapshots[volume_id], volume_id=volume_id, size_gb=sizes[volume_id])
        for volume_id in sorted(begun(parameters) - {rebuilt_root_of(parameters)})
        if volume_id in snapshots
    ]
    if disks:
        root = found.root_id if found else None
        revert_disks(ctx, operation, disks, progress=(BEGIN, END), writing=REVERTS, root_id=root)
    # A root disk that Nova writes is written last, and nobody is heard then.
    if disks and not has_begun(standing(ctx, operation)):
        note(ctx, operation, "cancelled: every disk that was written over holds again what it held before")


def _snapshots(conn: Connection, operation: OperationLog) -> dict[str, str]:
    """Give the snapshots that stand, by their volumes."""
    entries = ledger.of_log(conn, operation.id)
    return {one.volume_id: one.upstream_id for one in entries if one.volume_id and one.upstream_id}


def keep(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Keep the snapshots beyond the end of the job when anything may have been written over."""
    seconds = ctx.settings.way_back_seconds
    parameters = parameters_in(conn, operation)
    if seconds > 0 and has_begun(parameters) and _WITHOUT not in parameters:
        now = ctx.clock.now()
        until = now + timedelta(seconds=seconds)
        ledger.keep(conn, operation.id, until)
        operation_logs.tell(conn, operation, {WAY_BACK: {KEPT_UNTIL: wire_time(until)}}, now=now)
