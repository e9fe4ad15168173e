"""The steps that all jobs share which make things of a plan: how they begin, go on and end.

Whatever is made stands in the ledger until the end; then it is the tenant's, and the ledger forgets it in the transaction that
says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.new_server.report import report_of
from opencbr.jobs.new_server.rows import give_back_rows
from opencbr.jobs.new_server.server import with_shown_keys
from opencbr.jobs.restored_backup import take_backups
from opencbr.jobs.upstream.mover import await_mover
from opencbr.model import statuses
from opencbr.model.operation_log import REPORT, OperationLog
from opencbr.store import ledger, operation_logs

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


class Flow:
    """The steps of one job. Each one opens the plan anew: the process that ran the step before may have been another."""

    def __init__(self, job: Job, ctx: JobContext, operation: OperationLog) -> None:
        self._job = job
        self._ctx = ctx
        self._operation = operation

    def begin(self) -> None:
        """Take the backup, and wait until there is somebody who reads it."""
        self._job.step("begin", self._begin)

    def part(self, name: str, progress: int, work: Callable[[Parts], None]) -> None:
        """Carry out one step, and tell the progress in percent that it ends with."""

        def run() -> None:
            parts = Parts(self._ctx, self._operation)
            work(parts)
            parts.at(progress, name)

        self._job.step(name, run)

    def close(self, told: Callable[[Parts], Mapping[str, Any]]) -> None:
        """End the operation log with what is `told` of it and the report of all captured fields."""
        self._job.step("close", lambda: self._close(told))

    def _begin(self) -> None:
        take_backups(self._ctx, self._operation)
        await_mover(self._ctx, self._operation, "the restore goes on when it is up again")

    def _close(self, told: Callable[[Parts], Mapping[str, Any]]) -> None:
        ctx, operation = self._ctx, self._operation
        parts = Parts(ctx, operation)
        end = {**told(parts), REPORT: report_of(with_shown_keys(parts, parts.kept.rows))}

        def write(conn: Connection) -> None:
            for entry in ledger.of_log(conn, operation.id):
                ledger.gone(conn, entry.id)  # it is the tenant's now
            give_back_rows(ctx, conn, operation)
            details = details_at_end(conn, operation, ()) | end
            operation_logs.finish(conn, operation.id, statuses.SUCCESS, now=ctx.clock.now(), details=details)

        ctx.database.transact(write)
