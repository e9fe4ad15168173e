"""Sessions that were signed out of: known until their own end, whoever ends them twice."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from opencbr.service.browser_sessions import BrowserSessions
from opencbr.store import tables

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_an_ended_session_is_known_until_its_own_end(database):
    sessions, elsewhere = BrowserSessions(database), BrowserSessions(database)
    assert not sessions.has_ended("first")
    sessions.end("first", NOW + HOUR, NOW)
    elsewhere.end("first", NOW + HOUR, NOW)
    assert elsewhere.has_ended("first")
    assert not elsewhere.has_ended("second")
    sessions.end("second", NOW + 2 * HOUR, NOW + HOUR)
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.ended_session)).scalar() == 1
    assert sessions.has_ended("second")
