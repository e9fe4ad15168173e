"""What policies are carried out by, as duties of a worker; for tests every worker does them, all at once and often.

The product has one worker do them at a time; two may all the same for a moment, when one was frozen, and that moment is what
these tests are about.
"""

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.settings import ScheduleSettings
from opencbr.service.retention import Retention
from opencbr.service.scheduler import Scheduler

CAP = 2
"""Backups at once."""

_OFTEN = 0.05


def scheduler_duty(ctx: JobContext) -> Duty:
    """Fire, start and follow."""
    settings = ScheduleSettings(backups_at_once=CAP, retry_seconds=1.0)
    scheduler = Scheduler(ctx.database, ctx.cloud, ctx.clock, settings, kept_days=30)
    return Duty(name="scheduler", interval_seconds=_OFTEN, run=scheduler.round)


def retention_duty(ctx: JobContext) -> Duty:
    """Delete what a policy no longer keeps."""
    return Duty(name="policy-retention", interval_seconds=_OFTEN, run=Retention(ctx.database, ctx.clock).look)
