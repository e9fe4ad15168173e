"""Carrying out one operation, to an end that its log tells, whatever breaks."""

import logging
from functools import partial

from sqlalchemy import Connection

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.database_retry import outlast
from opencbr.jobs.engine.port import Cancelled, Job, StepFailed
from opencbr.jobs.failures import explain
from opencbr.jobs.patience import Patient
from opencbr.jobs.registry import JobType
from opencbr.model import statuses
from opencbr.model.operation_log import OperationLog
from opencbr.store import ledger, operation_logs

log = logging.getLogger(__name__)


def carry_out(job_type: JobType, job: Job, ctx: JobContext, operation: OperationLog) -> None:
    """Run a job, and its compensation when a step of it fails or is cancelled. Raises Lost.

    What breaks outside of the steps is a fault of the program: a bug in the job's own code, or steps that do
    not fit the journal. It would break the next worker's run too, so the job ends here: it is compensated
    without the journal, and if even that breaks, its log is ended and what it kept busy is freed.
    """
    try:
        try:
            heeds = partial(job_type.heeds_cancellation, ctx, operation)
            patient = Patient(job, ctx, operation, cancellable=heeds)
            job_type.run(patient, ctx, operation)
        except (StepFailed, Cancelled) as end:
            way_back = Patient(job, ctx, operation, cancellable=lambda: False, way_back=True)
            job_type.compensate(way_back, ctx, operation, end)
    except Exception as error:
        log.exception("job %s broke outside of its steps and is given up", job.id)
        fault = explain(error)
        _give_up(job_type, job, ctx, operation, StepFailed("job", fault.code, fault.message))


def _give_up(job_type: JobType, job: Job, ctx: JobContext, operation: OperationLog, end: StepFailed) -> None:
    ctx.guard()
    try:
        job_type.compensate(job.without_journal(), ctx, operation, end)
    except Exception:
        log.exception("the compensation of job %s broke too", job.id)

    def write(conn: Connection) -> None:
        if operation_logs.finish(
            conn, operation.id, statuses.FAILED, end.code, str(end), now=ctx.clock.now()
        ):
            ledger.leave(conn, operation.id)
            job_type.frees(ctx, conn, operation)

    def end_log() -> None:
        ctx.guard()
        ctx.database.transact(write)

    outlast(end_log, sleep=ctx.clock.sleep, halted=lambda: False, what=f"the end of job {job.id}")
