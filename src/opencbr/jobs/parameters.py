"""What a restore must not forget: read anew in each step, and added to in transactions of their own."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore import WRITES, Writing, with_stage
from opencbr.store import operation_logs


def standing(ctx: JobContext, operation: OperationLog) -> dict[str, Any]:
    """Read the parameters as they are now."""
    with ctx.database.read() as conn:
        return parameters_in(conn, operation)


def parameters_in(conn: Connection, operation: OperationLog) -> dict[str, Any]:
    """Read the parameters as this transaction sees them."""
    found = operation_logs.get(conn, operation.project_id, operation.id) or operation
    return found.parameters


def change(
    ctx: JobContext, operation: OperationLog, added: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Replace the parameters by what `added` makes of them; the disks of a job do so side by side."""

    def write(conn: Connection) -> None:
        found = operation_logs.get(conn, operation.project_id, operation.id, lock=True) or operation
        operation_logs.set_parameters(conn, operation.id, added(found.parameters), now=ctx.clock.now())

    ctx.database.transact(write)


def reach(
    ctx: JobContext, operation: OperationLog, volume_id: str, stage: str | None, writing: Writing = WRITES
) -> None:
    """Write down the stage that a disk has come to, None for one that it has not come to after all."""
    change(ctx, operation, lambda parameters: with_stage(parameters, volume_id, stage, writing))
