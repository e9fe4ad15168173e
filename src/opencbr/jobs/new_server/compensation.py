"""The end of a restore by a plan that failed: what it has made is removed."""

from opencbr.jobs.compensation import compensate
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.new_server.rows import give_back_rows
from opencbr.model.operation_log import OperationLog


def compensate_plan(job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed | Cancelled) -> None:
    """Remove what was made, and say how it ended; what stays is the janitor's."""
    compensate(job, ctx, operation, end, give_back_rows)
