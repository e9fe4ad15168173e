"""A restore drill: a server's backup as a new server in networks of its own, looked at, and removed again.

The steps are those of a restore as a new server, but for what leads to the outside: no key pair, no floating IP. Nothing gets
the name of the record, and all of it stays in the ledger, by which it is removed however the drill ends.
"""

from dataclasses import replace

from sqlalchemy import Connection

from opencbr.jobs.compensation import details_at_end, remove_made
from opencbr.jobs.context import JobContext
from opencbr.jobs.drill.checks import check
from opencbr.jobs.drill.look import look
from opencbr.jobs.drill.plan import make_plan
from opencbr.jobs.drill.rows import give_back_rows
from opencbr.jobs.engine.port import Job
from opencbr.jobs.new_server import networks, server, volumes
from opencbr.jobs.new_server.flow import Flow
from opencbr.model import statuses
from opencbr.model.drill import SENTENCES, verdict_of
from opencbr.model.extend_info import RESTORE_TESTED, restore_tested
from opencbr.model.operation_log import VERDICT, OperationLog
from opencbr.store import backups, drills, ledger, operation_logs

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_drill(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Restore the operation's backup into an isolated network, look at it, and remove it."""
    flow = Flow(job, ctx, operation)
    flow.begin()
    job.step("plan", lambda: make_plan(ctx, operation))
    flow.part("groups", 5, networks.make_groups)
    flow.part("networks", 8, networks.make_networks)
    flow.part("ports", 14, networks.make_ports)
    flow.part("trunks", 16, networks.make_trunks)
    flow.part("volumes", volumes.BEGIN, volumes.make_volumes)
    flow.part("restore", volumes.END, volumes.write_backups)
    flow.part("describe", 82, volumes.describe_volumes)
    flow.part("server", 84, server.create_servers)
    flow.part("boot", 88, server.await_servers)
    flow.part("look", 90, look)
    flow.part("checks", 95, check)
    left = job.step("remove", lambda: remove_made(ctx, operation))
    job.step("close", lambda: _close(ctx, operation, left))


def _close(ctx: JobContext, operation: OperationLog, left: list[str]) -> None:
    """Write verdict and end in one transaction; what is `left` in the cloud becomes the janitor's."""
    now = ctx.clock.now()

    def write(conn: Connection) -> None:
        drill = drills.get(conn, operation.project_id, operation.id)
        verdict = verdict_of(drill.findings if drill else ())
        drills.end(conn, operation.id, verdict, SENTENCES[verdict], now=now)
        if drill is not None:
            tested = restore_tested(replace(drill, verdict=verdict), now)
            backups.set_info(
                conn, operation.project_id, drill.backup_id, RESTORE_TESTED, tested, updated_at=now
            )
        give_back_rows(ctx, conn, operation)
        details = details_at_end(conn, operation, left) | {VERDICT: verdict}
        operation_logs.finish(conn, operation.id, statuses.SUCCESS, now=now, details=details)
        ledger.leave(conn, operation.id)

    ctx.database.transact(write)
