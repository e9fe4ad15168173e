"""The console's sessions that were signed out of; a row goes when its session would be over anyway."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from opencbr.store import tables
from opencbr.store.statements import insert_new

_t = tables.ended_session


def insert(conn: Connection, session_id: str, ends_at: datetime) -> None:
    """Note that a session is over; `ends_at` is when it would have been without that. Once is enough."""
    insert_new(conn, _t, {"id": session_id, "ends_at": ends_at})


def exists(conn: Connection, session_id: str) -> bool:
    """Say whether a session was noted."""
    return conn.execute(select(_t.c.id).where(_t.c.id == session_id)).first() is not None


def delete_over(conn: Connection, now: datetime) -> None:
    """Forget the sessions whose own end has come."""
    conn.execute(delete(_t).where(_t.c.ends_at <= now))
