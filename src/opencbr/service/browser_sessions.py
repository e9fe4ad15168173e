"""Signing out of the console for good: what a browser keeps opens nothing any more, on any server of the installation."""

from datetime import datetime

from opencbr.store import ended_sessions
from opencbr.store.database import Database


class BrowserSessions:
    """Which sessions were ended before their time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def end(self, session_id: str, ends_at: datetime, now: datetime) -> None:
        """End a session; `ends_at` is when it ends by itself, from when on it needs no remembering."""
        with self._database.write() as conn:
            ended_sessions.delete_over(conn, now)
            ended_sessions.insert(conn, session_id, ends_at)

    def has_ended(self, session_id: str) -> bool:
        """Say whether somebody has ended a session."""
        with self._database.read() as conn:
            return ended_sessions.exists(conn, session_id)
