"""The janitor's rounds: what ended jobs could not remove from the cloud is tried again until it is gone.

Only what a job has given up itself (`ledger.leave`) and held backups that nothing needs any more: an object
that merely looks like an orphan is a person's to judge (`opencbr orphans`).
"""

import logging
import threading

from opencbr.jobs.context import CloudContext
from opencbr.jobs.engine.port import Lost
from opencbr.jobs.upstream import janitor
from opencbr.jobs.upstream.removal import remove
from opencbr.store import leases, ledger
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_DUTY = "janitor"


def go_round(ctx: CloudContext) -> None:
    """Try everything once more that was left. Raises Lost."""
    with ctx.database.read() as conn:
        entries = ledger.left(conn)
    for done in remove(ctx, entries):
        if not done.reason:
            log.info("%s %s was left by a job and is gone now", done.entry.kind, done.entry.name)
            janitor.free(ctx, done.entry)
    janitor.settle_unneeded(ctx)


class Rounds:
    """Goes round at the start and every `seconds`, in a thread of its own.

    Of all workers one does at a time; two at once would do no harm.
    """

    def __init__(self, database: Database, *, worker_id: str, lease_seconds: float, seconds: float) -> None:
        self._database = database
        self._id = worker_id
        self._lease_seconds = lease_seconds
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, ctx: CloudContext) -> None:
        """Begin; the ctx's guard ends a round under way when the worker stops."""
        self._thread = threading.Thread(target=self._run, args=(ctx,), name="janitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further round."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait so long for a round under way."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, ctx: CloudContext) -> None:
        while not self._stop.is_set():
            try:
                with self._database.write() as conn:
                    mine = leases.lead(conn, _DUTY, self._id, self._lease_seconds)
                if mine:
                    go_round(ctx)
            except Lost:
                return
            except Exception:
                log.warning("the janitor's round broke off; it will begin anew", exc_info=True)
            self._stop.wait(self._seconds)
