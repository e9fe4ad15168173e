"""How far the disks of a job are: told in its operation log, in per cent and in bytes, by one rule for all that is copied."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from opencbr.jobs.context import CloudContext
from opencbr.model.operation_log import BYTES, OperationLog
from opencbr.store import operation_logs

_GIB = 1 << 30


def tell_written(
    ctx: CloudContext,
    operation: OperationLog,
    sizes_gb: Mapping[str, int],
    unfinished: Sequence[str],
    *,
    step: str,
    progress: tuple[int, int],
) -> None:
    """Tell that all of the disks are done but the `unfinished`, the progress going from one percentage to the other.

    An estimate, and said to be one: a disk counts with its whole size, and only once it is done. OpenStack tells neither how
    far it is with one nor how many bytes of it have to be copied.
    """
    begin, end = progress
    total, left = sum(sizes_gb.values()), sum(sizes_gb[one] for one in unfinished)
    whole = total or 1
    percent = begin + (end - begin) * (whole - left) // whole
    told = {BYTES: {"done": (total - left) * _GIB, "total": total * _GIB, "estimated": True}} if total else {}

    def write(conn: Connection) -> None:
        found = operation_logs.get(conn, operation.project_id, operation.id, lock=True)
        if found is not None:
            details = found.details | told
            operation_logs.advance(conn, operation.id, percent, step, now=ctx.clock.now(), details=details)

    ctx.database.transact(write)
