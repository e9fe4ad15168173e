"""Backups that have a time of their own to go (`expired_at`), and go when it has come."""

import logging
from datetime import datetime

from sqlalchemy import Connection

from opencbr.jobs.engine.duty import Duty
from opencbr.model.clock import Clock
from opencbr.model.errors import CbrError
from opencbr.service.backup_deletion import request_deletion
from opencbr.service.context import automatic
from opencbr.store import backups
from opencbr.store.database import Database
from opencbr.store.expiry import expired

log = logging.getLogger(__name__)

_BATCH = 100


class Expiry:
    """Asks for the deletion of what has expired, as DeleteBackup does. Any number may work at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def look(self) -> None:
        """Go once through all that has expired; what is in use is seen again the next time.

        A clock that jumps back finds nothing expired, one that jumps ahead only what is so by then.
        """
        now = self._clock.now()
        after: tuple[datetime, str] | None = None
        while True:
            with self._database.read() as conn:
                found = expired(conn, now, after, _BATCH)
            for backup_id, project_id, _ in found:
                self._expire(project_id, backup_id, now)
            if len(found) < _BATCH:
                return
            backup_id, _, expired_at = found[-1]
            after = (expired_at, backup_id)

    def _expire(self, project_id: str, backup_id: str, now: datetime) -> None:
        def ask(conn: Connection) -> None:
            backup = backups.get(conn, project_id, backup_id, lock=True)
            if backup is None or backup.pinned_at is not None:
                return  # since the look
            if backup.expired_at is not None and backup.expired_at <= now:
                request_deletion(conn, automatic("expiry", project_id, now), backup)

        try:
            self._database.transact(ask)
        except CbrError as error:
            log.debug("backup %s has expired and stays for now: %s", backup_id, error)


def expiry_duty(database: Database, clock: Clock, seconds: float) -> Duty:
    """Look at the start and every so many seconds, on one worker."""
    return Duty(name="expiry", interval_seconds=seconds, run=Expiry(database, clock).look, leader_only=True)
