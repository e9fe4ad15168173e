"""Leases of workers and of duties that one worker has at a time.

Only the database's clock judges them, so that machines need not agree about theirs. Seconds throughout.
"""

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    cast,
    delete,
    extract,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from opencbr.store import tables
from opencbr.store.database import Database
from opencbr.store.statements import insert_or_replace, touched

_workers, _leaders = tables.worker, tables.leader


def enter(conn: Connection, worker_id: str, ttl: float) -> None:
    """Put a worker on the list of the living."""
    insert_or_replace(conn, _workers, {"id": worker_id, "expires_at": _now(conn) + ttl})


def beat(conn: Connection, worker_id: str, ttl: float) -> bool:
    """Renew a lease; False when the worker is not listed: it was buried and must not go on as itself."""
    query = update(_workers).where(_workers.c.id == worker_id)
    return touched(conn.execute(query.values(expires_at=_now(conn) + ttl)))


def leave(conn: Connection, worker_id: str) -> None:
    """Take a worker off the list, and its duties from it."""
    conn.execute(delete(_workers).where(_workers.c.id == worker_id))
    conn.execute(delete(_leaders).where(_leaders.c.worker_id == worker_id))


def alive(conn: Connection) -> set[str]:
    """Name the workers whose lease holds."""
    return set(conn.execute(select(_workers.c.id).where(_workers.c.expires_at >= _now(conn))).scalars())


def any_alive(database: Database) -> bool:
    """Say whether the lease of any worker holds."""
    with database.read() as conn:
        return bool(alive(conn))


def dead(conn: Connection) -> set[str]:
    """Name the workers on the list whose lease has run out."""
    return set(conn.execute(select(_workers.c.id).where(_workers.c.expires_at < _now(conn))).scalars())


def bury_dead(conn: Connection) -> set[str]:
    """Take the workers whose lease has run out off the list, and name them."""
    query = delete(_workers).where(_workers.c.expires_at < _now(conn)).returning(_workers.c.id)
    return set(conn.execute(query).scalars())


def lead(conn: Connection, duty: str, worker_id: str, ttl: float) -> bool:
    """Take or renew a duty; False while another worker has it."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    now = _now(conn)
    claim = insert(_leaders).values(duty=duty, worker_id=worker_id, expires_at=now + ttl)
    mine_or_free = or_(_leaders.c.worker_id == worker_id, _leaders.c.expires_at < now)
    result = conn.execute(
        claim.on_conflict_do_update(
            index_elements=["duty"],
            set_={"worker_id": worker_id, "expires_at": now + ttl},
            where=mine_or_free,
        ).returning(_leaders.c.duty)
    )
    return result.first() is not None


def _now(conn: Connection) -> ColumnElement[float]:
    if conn.dialect.name == "postgresql":
        # now() would stand still from the start of the transaction.
        return cast(extract("epoch", func.clock_timestamp()), Double)
    # Milliseconds; unixepoch('subsec') would need SQLite 3.42.
    return (func.julianday("now", type_=Double) - literal(2440587.5)) * literal(86400.0)
