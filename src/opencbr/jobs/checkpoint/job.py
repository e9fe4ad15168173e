"""All backups of a checkpoint as new servers and volumes, by one plan: the steps of a new server, each for all of them.

So what several of them need is there before the first of them, and one that fails takes all back.
"""

from typing import Any

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Job
from opencbr.jobs.new_server.flow import Flow
from opencbr.jobs.new_server.job import make_all
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.new_server.report import report_of
from opencbr.jobs.new_server.server import with_shown_keys
from opencbr.model.operation_log import REPORT, RESOURCES, OperationLog

# A step's name and place are in the journals of running jobs: a change of their row asks `job.patched`.


def run_checkpoint_restore(job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Make the servers and volumes that the plan in the operation's parameters describes."""
    flow = Flow(job, ctx, operation)
    flow.begin()
    make_all(flow)
    flow.close(_told)


def _told(parts: Parts) -> dict[str, Any]:
    """Say what each resource has become, with the report of the fields that are its alone."""
    made = {**parts.ids("volume"), **parts.ids("server")}
    rows = {one.backup_id: with_shown_keys(parts, one.rows) for one in parts.kept.backups}
    resources = [
        one | {"target_resource_id": made[one["resource_id"]], REPORT: report_of(rows[one["backup_id"]])}
        for one in parts.operation.details[RESOURCES]
    ]
    return {RESOURCES: resources}
