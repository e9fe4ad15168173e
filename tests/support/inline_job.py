"""A job run in the test's own thread, on a clock whose pauses cost nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from opencbr.democloud import DemoCloud
from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.attempt import Unjournaled
from opencbr.jobs.engine.port import Job
from opencbr.jobs.execution import carry_out
from opencbr.jobs.registry import JOB_TYPES
from opencbr.jobs.settings import WorkerSettings
from opencbr.model.operation_log import OperationLog
from opencbr.store import installation
from support.job_env import QUICK, JobEnv


class HurriedClock:
    """Time that goes by in jumps: who sleeps is awake at once, later, and the cloud's work has gone on as long."""

    def __init__(self, cloud: DemoCloud) -> None:
        self._cloud = cloud
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        self._cloud.advance(seconds)


class WatchedClock(HurriedClock):
    """Calls `before_sleep` when somebody is about to sleep."""

    def __init__(self, cloud: DemoCloud) -> None:
        super().__init__(cloud)
        self.before_sleep: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.before_sleep()
        super().sleep(seconds)


def run_inline(
    run: Callable[[Job, JobContext, OperationLog], None], ctx: JobContext, operation: OperationLog
) -> None:
    """Carry out a job from its first step to its end."""
    run(Unjournaled(operation.id, operation.project_id, ctx.clock.sleep, lambda: False), ctx, operation)


def carry_out_inline(env: JobEnv, ctx: JobContext, operation: OperationLog) -> OperationLog:
    """Carry out an operation as a worker does, its compensation too, and return its log."""
    run_inline(partial(carry_out, JOB_TYPES[operation.operation_type]), ctx, operation)
    return env.log(operation)


def job_context(
    env: JobEnv, *, settings: WorkerSettings = QUICK, clock: HurriedClock | None = None
) -> JobContext:
    """What a worker would hand to its jobs."""
    with env.database.write() as conn:
        own = installation.installation_id(conn)
    return JobContext(
        database=env.database,
        cloud=env.cloud,
        records=env.records,
        clock=clock or HurriedClock(env.demo),
        settings=settings,
        installation=own,
        guard=lambda: None,
    )
