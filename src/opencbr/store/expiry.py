"""What has expired: backups of all projects whose own time to go has come."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, select

from opencbr.model import statuses
from opencbr.store import tables

_t = tables.backup

_AGAIN = timedelta(hours=1)
"""After a deletion that failed it is not tried again sooner: each try is an operation log that its user reads."""


def expired(
    conn: Connection, now: datetime, after: tuple[datetime, str] | None, limit: int
) -> list[tuple[str, str, datetime]]:
    """Read id, project and time of so many expired backups, the longest expired first, from `after` (time, id) on.

    Pinned ones are not among them, nor those that are being made, restored or deleted.
    """
    query = select(_t.c.id, _t.c.project_id, _t.c.expired_at).where(
        _t.c.expired_at.is_not(None),
        _t.c.parent_id.is_(None),
        _t.c.held_at.is_(None),
        _t.c.expired_at <= now,
        _t.c.pinned_at.is_(None),
        or_(
            _t.c.status == statuses.AVAILABLE,
            and_(_t.c.status == statuses.ERROR, _t.c.updated_at <= now - _AGAIN),
        ),
    )
    if after is not None:
        moment, backup_id = after
        query = query.where(_t.c.expired_at >= moment, or_(_t.c.expired_at > moment, _t.c.id > backup_id))
    rows = conn.execute(query.order_by(_t.c.expired_at, _t.c.id).limit(limit))
    return [(row.id, row.project_id, row.expired_at) for row in rows]
