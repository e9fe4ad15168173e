"""What the workers do in the cloud besides their jobs.

A duty that calls use cases is made where those are known, in `opencbr.wiring`.
"""

import logging

from opencbr.jobs.context import CloudContext, JobContext
from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.upstream import janitor
from opencbr.jobs.upstream.losses import mark_losses
from opencbr.jobs.upstream.removal import hurried, remove
from opencbr.store import ledger

log = logging.getLogger(__name__)


def remove_leftovers(ctx: CloudContext) -> None:
    """Try once more to remove from the cloud what ended jobs could not. Raises Lost.

    Only what a job has given up itself (`ledger.leave`), ways back whose time is over, and held backups that nothing needs any
    more: an object that merely looks like an orphan is a person's to judge (`opencbr orphans`).
    """
    ctx = hurried(ctx)
    with ctx.database.write() as conn:
        ledger.expire(conn, ctx.clock.now())
    with ctx.database.read() as conn:
        entries = ledger.left(conn)
    for done in remove(ctx, entries):
        if not done.reason:
            if done.entry.upstream_id is not None:
                log.info("%s %s was left by a job and is gone now", done.entry.kind, done.entry.name)
            janitor.free(ctx, done.entry)
    janitor.settle_unneeded(ctx)


def _round(ctx: CloudContext) -> None:
    remove_leftovers(ctx)
    mark_losses(ctx)


def janitor_duty(ctx: JobContext) -> Duty:
    """Remove leftovers and mark lost backups at the start and every `janitor_seconds`, on one worker.

    The context's guard cuts it short.
    """
    return Duty(
        name="janitor",
        interval_seconds=ctx.settings.janitor_seconds,
        run=lambda: _round(ctx),
        leader_only=True,
    )
