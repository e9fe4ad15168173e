"""What waiting bears: silence for `patience_seconds`, standstill for twice `stall_seconds`."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from opencbr.cloud.errors import Unreachable
from opencbr.jobs.context import CloudContext
from opencbr.jobs.failures import JobError
from opencbr.jobs.notes import note
from opencbr.model.errors import UNEXPECTED
from opencbr.model.operation_log import OperationLog


def heed_silence(ctx: CloudContext, results: Sequence[object], answered: datetime) -> datetime:
    """Return when the cloud has last answered: now, where one of the `results` is not Unreachable, else `answered`.

    Raises JobError 9910 after `patience_seconds` without a single answer.
    """
    now = ctx.clock.now()
    silences = [result for result in results if isinstance(result, Unreachable)]
    if len(silences) < len(results):
        return now
    if silences and now - answered > timedelta(seconds=ctx.settings.patience_seconds):
        raise JobError(UNEXPECTED, str(silences[0])) from silences[0]
    return answered


def heed_stall(
    ctx: CloudContext,
    operation: OperationLog,
    what: str,
    moved_at: datetime,
    *,
    copying_seconds: float,
    is_excused: Callable[[], bool],
) -> datetime:
    """Tell that nothing moves at an object; return since when that counts: from now on where it is excused.

    `what` is the object and its status in words. Raises JobError 9910 when nothing has moved for twice as long, and for
    `copying_seconds` more.
    """
    stall = ctx.settings.stall_seconds
    still = (ctx.clock.now() - moved_at).total_seconds()
    if still <= stall:
        return moved_at
    note(ctx, operation, f"{what}, and nothing has moved there for {stall:g} s")
    if still <= 2 * stall + copying_seconds:
        return moved_at
    if is_excused():
        return ctx.clock.now()
    raise JobError(UNEXPECTED, f"{what}, and nothing moved there for {still:.0f} s: it is given up")
