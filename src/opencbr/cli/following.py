"""Following a job from the command line."""

from typing import TYPE_CHECKING

from opencbr.cli.app import Failure
from opencbr.cli.output import say

if TYPE_CHECKING:
    from opencbr.model.operation_log import OperationLog
    from opencbr.service.context import Context
    from opencbr.service.services import Services

_LOOK_SECONDS = 1.0


def follow(
    services: "Services", ctx: "Context", log_id: str, what: str, *, quiet: bool = False
) -> "OperationLog":
    """Say each step until the end, unless `quiet`, and return the log; a Failure (exit code 1) when `what` has failed."""
    from opencbr.clock import SystemClock
    from opencbr.model import statuses
    from opencbr.model.operation_log import NOTES, TERMINAL

    clock, seen, told = SystemClock(), "", 0
    while True:
        log = services.operation_logs.show(ctx, log_id)
        line = f"{log.progress:3} % {log.step}{_written(log)}"
        if log.step and line != seen and not quiet:
            say(line)
            seen = line
        for note in () if quiet else log.details.get(NOTES, ())[told:]:
            say(f"note: {note}")
            told += 1
        if log.status in TERMINAL:
            break
        clock.sleep(_LOOK_SECONDS)
    if log.status != statuses.SUCCESS:
        raise Failure(f"{what} ended in {log.status}: {log.error_message}")
    return log


def _written(log: "OperationLog") -> str:
    """Say how much of the disks is done, once that is known."""
    from opencbr.model.operation_log import BYTES

    told = log.details.get(BYTES)
    if not told:
        return ""
    done, total = (told[name] >> 30 for name in ("done", "total"))
    return f", {done} of {total} GiB" + (" (estimated)" if told["estimated"] else "")
