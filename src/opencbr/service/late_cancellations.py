"""Restores in place that were cancelled and have written over disks all the same: they are undone once they have ended.

What Nova rebuilds, and what is written already, cannot be left half way: such a restore goes to its end first.
"""

import logging
from datetime import timedelta

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.errors import CloudError
from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.settings import WorkerSettings
from opencbr.model.clock import Clock
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.service.context import automatic
from opencbr.service.kept_way_back import find_way_back
from opencbr.service.ways_back import UNDONE_BY, WaysBack
from opencbr.store import operation_logs
from opencbr.store.database import Database

log = logging.getLogger(__name__)


class LateCancellations:
    """Asks for their undoing, once for each. Any number may work at once.

    What stands in the way is told in the restore's notes, and it is tried again for as long as a job is patient: nobody is to
    be surprised by an undoing hours later. A restore without a way back stays as it is.
    """

    def __init__(self, database: Database, cloud: Cloud, clock: Clock, settings: WorkerSettings) -> None:
        self._database = database
        self._clock = clock
        self._ways_back = WaysBack(database, cloud)
        self._patience = timedelta(seconds=settings.patience_seconds + settings.expiry_seconds)

    def look(self) -> None:
        """Go once through all that was cancelled, has ended and could be undone."""
        with self._database.read() as conn:
            found = operation_logs.cancelled_with_way_back(conn, self._clock.now())
        for restore in found:
            self._undo(restore)

    def _undo(self, restore: OperationLog) -> None:
        if _was_tried(restore):
            return  # its undoing is under way, or has failed and tells why
        now = self._clock.now()
        ctx = automatic("late-cancellation", restore.project_id, now)
        with self._database.read() as conn:
            if find_way_back(conn, ctx, restore.id).status != "kept":
                return  # it is undone or confirmed by now
        if restore.ended_at is None or restore.ended_at + self._patience < now:
            self._tell(restore, "it was cancelled, and was not undone in time: undo it, or confirm it")
            return
        try:
            self._ways_back.undo_cancelled(ctx, restore.id)
        except (CbrError, CloudError) as error:
            self._tell(restore, f"it was cancelled, and is not undone: {error}")

    def _tell(self, restore: OperationLog, sentence: str) -> None:
        if sentence in restore.details.get(NOTES, ()):
            return  # told at an earlier look

        def write(conn: Connection) -> bool:
            standing = operation_logs.get(conn, restore.project_id, restore.id, lock=True)
            if standing is None or sentence in (told := standing.details.get(NOTES, [])):
                return False
            operation_logs.amend(conn, standing, {NOTES: [*told, sentence]}, now=self._clock.now())
            return True

        if self._database.transact(write):
            log.warning("restore %s: %s", restore.id, sentence)


def _was_tried(restore: OperationLog) -> bool:
    return any(note.startswith(UNDONE_BY.format("")) for note in restore.details.get(NOTES, ()))


def late_cancellation_duty(database: Database, cloud: Cloud, clock: Clock, settings: WorkerSettings) -> Duty:
    """Look at the start and every `expiry_seconds`, on one worker."""
    late = LateCancellations(database, cloud, clock, settings)
    return Duty(
        name="late-cancellations", interval_seconds=settings.expiry_seconds, run=late.look, leader_only=True
    )
