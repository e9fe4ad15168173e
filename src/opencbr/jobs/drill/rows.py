"""The rows that a drill keeps busy: its backup, and the plan that nobody needs afterwards."""

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.new_server import rows
from opencbr.jobs.new_server.parts import PLAN
from opencbr.model.drill import FAILED
from opencbr.model.operation_log import OperationLog
from opencbr.store import drills, restore_plans


def give_back_rows(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """Let the backup be restored or deleted again, and forget the plan."""
    rows.give_back_rows(ctx, conn, operation)
    restore_plans.delete(conn, operation.project_id, str(operation.parameters[PLAN]))


def give_up(ctx: JobContext, conn: Connection, operation: OperationLog) -> None:
    """End a drill whose own end broke."""
    give_back_rows(ctx, conn, operation)
    drills.end(conn, operation.id, FAILED, "the drill broke; its operation log has more", now=ctx.clock.now())
