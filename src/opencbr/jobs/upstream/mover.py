"""Waiting for cinder-backup: Cinder ends in `error` what is asked for while it is down, so nothing is asked for then."""

from datetime import timedelta

from opencbr.jobs.context import JobContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.intervals import pauses
from opencbr.jobs.notes import note
from opencbr.jobs.upstream.polling import rest
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog


def is_mover_down(ctx: JobContext) -> bool:
    """Say whether Cinder says that no cinder-backup is up; asked once an interval for all jobs."""
    answer = ctx.shared.get("mover", ctx.cloud.mover_is_down, ctx.clock, ctx.settings.poll_seconds)
    return bool(answer.value)


def await_mover(ctx: JobContext, operation: OperationLog, waiting: str, *, cancellable: bool = True) -> None:
    """Return when cinder-backup is up, or Cinder does not say; `waiting` tells what is done then.

    Raises Cancelled where the job is `cancellable`, Lost; JobError when time is up.
    """
    seconds = ctx.settings.backup_timeout_seconds
    until = ctx.clock.now() + timedelta(seconds=seconds)
    gaps = pauses(ctx.settings.poll_seconds)
    while is_mover_down(ctx):
        note(ctx, operation, f"cinder-backup is down: {waiting}")
        if ctx.clock.now() > until:
            raise JobError(UNEXPECTED, f"cinder-backup was down for {seconds:g} s")
        rest(ctx, next(gaps), operation.id if cancellable else None)
