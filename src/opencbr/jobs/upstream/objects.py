"""Making upstream objects: each is in the ledger before it exists."""

from collections.abc import Callable

from opencbr.cloud.errors import Denied, Refused
from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.kinds import KINDS
from opencbr.jobs.upstream.names import object_name
from opencbr.jobs.upstream.quota_refusals import with_numbers
from opencbr.model.ids import derived_id
from opencbr.model.operation_log import OperationLog
from opencbr.store import ledger
from opencbr.store.ledger import Entry


def planned(
    ctx: JobContext,
    operation: OperationLog,
    kind: str,
    key: str,
    *,
    name: str | None = None,
    volume_id: str | None = None,
    backup_id: str | None = None,
    cloud_project_id: str | None = None,
) -> Entry:
    """Give the ledger entry for one object to be made by the job of `operation`.

    `key` tells it from the job's other objects of this kind, and is the same when the step is repeated. `name` is the
    object's in the cloud, made from the entry's id when left out. `volume_id`: the volume it is of. `backup_id`: the
    disk backup that it belongs to and is deleted with. `cloud_project_id`: where it is made, when not in the job's project.
    """
    entry_id = derived_id(operation.id, f"{kind} {key}")
    now = ctx.clock.now()
    return Entry(
        id=entry_id,
        project_id=operation.project_id,
        operation_log_id=operation.id,
        kind=kind,
        key=key,
        name=name or object_name(ctx.installation, entry_id),
        volume_id=volume_id,
        backup_id=backup_id,
        cloud_project_id=cloud_project_id,
        created_at=now,
        updated_at=now,
    )


def make(ctx: JobContext, entry: Entry, create: Callable[[], str], size_gb: int = 0) -> str:
    """Return the id of the upstream object `entry` plans: the one made before, found by its name, or a new one.

    The plan is committed before the cloud is asked. `size_gb` is what counts in the quotas, 0 for what has no size. Raises
    CloudError, and JobError 8300 where a quota is used up; the entry stays then, since nobody knows what came of the call.
    """
    with ctx.database.write() as conn:
        standing = ledger.plan(conn, entry)
    if standing.upstream_id is not None:
        return standing.upstream_id
    ctx.guard()
    made = None
    if standing is not entry:
        # A plan from an earlier attempt may have come true without anybody writing it down.
        made = KINDS[entry.kind].find(ctx.cloud.project(entry.projects[-1]), standing)
    if made is None:
        try:
            made = create()
        except (Refused, Denied) as error:
            if not error.is_over_quota:
                raise
            raise with_numbers(ctx, error, entry.projects[-1], entry.kind, size_gb) from error
    with ctx.database.write() as conn:
        ledger.made(conn, standing.id, made, now=ctx.clock.now())
    return made
