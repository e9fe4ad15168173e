"""The end of a restore as a new server that failed: what it has made is removed, what stands on others first."""

from opencbr.jobs.compensation import end_failed
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.new_server.routers import forget_routes
from opencbr.jobs.new_server.rows import give_back_rows
from opencbr.jobs.upstream.removal import remove_briefly
from opencbr.model.operation_log import OperationLog
from opencbr.store import ledger

_ORDER = (
    ("server",),
    ("server_group", "keypair", "floatingip", "trunk"),
    ("port", "volume"),
    ("subnet",),
    ("router", "network", "security_group"),
)
"""Kinds in the order of their removal: a volume on a server, a group on a port are refused."""


def compensate_new_server(
    job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled
) -> None:
    """Remove what was made, and say how it ended; what stays is the janitor's."""
    left: list[str] = []
    broken: StepFailed | None = None
    try:
        left = job.step("compensate", lambda: _remove(ctx, operation))
    except StepFailed as second:
        broken = second
    job.step("fail", lambda: end_failed(ctx, operation, end, give_back_rows, left=left, broken=broken))


def _remove(ctx: JobContext, operation: OperationLog) -> list[str]:
    left: list[str] = []
    with ctx.database.read() as conn:
        forget_routes(ctx, ledger.of_log(conn, operation.id))
    for kinds in _ORDER:
        with ctx.database.read() as conn:
            entries = [entry for entry in ledger.of_log(conn, operation.id) if entry.kind in kinds]
        left += remove_briefly(ctx, entries)
    return left
