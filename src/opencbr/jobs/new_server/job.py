"""A server's backup as a new server: what it needs, its disks, the server, and at the end the names of the record.

Whatever is made stands in the ledger until the end; then it is the tenant's, and the ledger forgets it in the transaction that
says so. Nothing that was there before is changed but floating IPs that led nowhere.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from opencbr.jobs.compensation import details_at_end
from opencbr.jobs.context import JobContext
from opencbr.jobs.disks import top_row
from opencbr.jobs.engine.port import Job
from opencbr.jobs.failures import JobError
from opencbr.jobs.new_server import names, networks, server, volumes
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.new_server.report import report_of
from opencbr.jobs.new_server.rows import give_back_rows
from opencbr.jobs.upstream.mover import await_mover
from opencbr.model import statuses
from opencbr.model.errors import BACKUP_UNRESTORABLE
from opencbr.model.operation_log import REPORT, OperationLog
from opencbr.store import backups, ledger, operation_logs

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_new_server(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Make the server that the plan in the operation's parameters describes."""
    flow = _Flow(ctx, operation)
    job.step("begin", flow.begin)
    flow.part(job, "groups", 5, _make_groups)
    flow.part(job, "networks", 8, networks.make_networks)
    flow.part(job, "ports", 14, networks.make_ports)
    flow.part(job, "trunks", 16, networks.make_trunks)
    flow.part(job, "volumes", volumes.BEGIN, volumes.make_volumes)
    flow.part(job, "restore", volumes.END, volumes.write_backups)
    flow.part(job, "describe", 82, volumes.describe_volumes)
    flow.part(job, "key", 84, server.import_key)
    flow.part(job, "server", 86, server.create_server)
    flow.part(job, "forget", 87, server.forget_key)
    flow.part(job, "boot", 94, server.await_server)
    flow.part(job, "addresses", 96, networks.lead_floating_ips)
    flow.part(job, "names", 98, names.give_names)
    job.step("close", flow.close)


def _make_groups(parts: Parts) -> None:
    networks.make_groups(parts)
    server.make_server_group(parts)


class _Flow:
    """The steps. Each one opens the plan anew: the process that ran the step before may have been another."""

    def __init__(self, ctx: JobContext, operation: OperationLog) -> None:
        self._ctx = ctx
        self._operation = operation

    def begin(self) -> None:
        ctx, operation = self._ctx, self._operation
        with ctx.database.write() as conn:
            now = ctx.clock.now()
            operation_logs.begin(conn, operation.id, now=now)
            top = top_row(conn, operation.project_id, operation.backup_id or "")
            if top.status != statuses.RESTORING and not backups.move_family(
                conn, operation.project_id, top.id, to=statuses.RESTORING, updated_at=now
            ):
                raise JobError(
                    BACKUP_UNRESTORABLE, f"backup {top.id} is {top.status} and cannot be restored now"
                )
        await_mover(ctx, operation, "the restore goes on when it is up again")

    def part(self, job: Job, name: str, progress: int, work: Callable[[Parts], None]) -> None:
        """Carry out one step, and tell the progress that it ends with."""

        def run() -> None:
            work(Parts(self._ctx, self._operation))
            with self._ctx.database.write() as conn:
                operation_logs.advance(conn, self._operation.id, progress, name, now=self._ctx.clock.now())

        job.step(name, run)

    def close(self) -> None:
        ctx, operation = self._ctx, self._operation
        parts = Parts(ctx, operation)
        target = {"target_resource_id": parts.ids("server")[server.KEY], REPORT: report_of(parts.kept.rows)}

        def write(conn: Connection) -> None:
            for entry in ledger.of_log(conn, operation.id):
                ledger.gone(conn, entry.id)  # it is the tenant's now
            give_back_rows(ctx, conn, operation)
            details = details_at_end(conn, operation, ()) | target
            operation_logs.finish(conn, operation.id, statuses.SUCCESS, now=ctx.clock.now(), details=details)

        ctx.database.transact(write)
