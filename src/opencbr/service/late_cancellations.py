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
from opencbr.service.ways_back import WaysBack
from opencbr.store import operation_logs
from opencbr.store.database import Database

log = logging.getLogger(__name__)


class LateCancellations:
    """Asks for their undoing, as somebody would by hand. Any number may work at once.

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
        now = self._clock.now()
        with self._database.read() as conn:
            found = operation_logs.cancelled_with_way_back(conn, ended_since=now - self._patience, now=now)
        for restore in found:
            self._undo(restore)

    def _undo(self, restore: OperationLog) -> None:
        ctx = automatic("late-cancellation", restore.project_id, self._clock.now())
        with self._database.read() as conn:
            if find_way_back(conn, ctx, restore.id).status != "kept":
                return  # it is undone or confirmed by now
        try:
            undoing = self._ways_back.undo(ctx, restore.id)
            sentence = f"it was cancelled, and is undone by the operation {undoing.id}"
        except (CbrError, CloudError) as error:
            sentence = f"it was cancelled, and cannot be undone yet: {error}"
        self._database.transact(lambda conn: self._tell(conn, restore, sentence))

    def _tell(self, conn: Connection, restore: OperationLog, sentence: str) -> None:
        standing = operation_logs.get(conn, restore.project_id, restore.id, lock=True)
        if standing is not None and sentence not in (told := standing.details.get(NOTES, [])):
            operation_logs.amend(conn, standing, {NOTES: [*told, sentence]}, now=self._clock.now())
            log.warning("restore %s: %s", restore.id, sentence)


def late_cancellation_duty(database: Database, cloud: Cloud, clock: Clock, settings: WorkerSettings) -> Duty:
    """Look at the start and every `expiry_seconds`, on one worker."""
    late = LateCancellations(database, cloud, clock, settings)
    return Duty(
        name="late-cancellations", interval_seconds=settings.expiry_seconds, run=late.look, leader_only=True
    )
