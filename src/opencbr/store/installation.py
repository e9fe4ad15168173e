"""What the installation remembers about itself: a few texts by name."""

import secrets

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from opencbr.deadline import within
from opencbr.store import tables
from opencbr.store.database import Database
from opencbr.store.opened_file import DatabaseReplaced
from opencbr.store.statements import insert_new, insert_or_replace

_t = tables.settings
_INSTALLATION = "installation_id"
_PROBE = "probe"
_WRITE_SECONDS = 3.0


def get(conn: Connection, key: str, *, lock: bool = False) -> str | None:
    """Read a setting; None when it was never written. With `lock` it stays so until this write transaction ends."""
    query = select(_t.c.value).where(_t.c.key == key)
    return conn.execute(query.with_for_update(read=True) if lock else query).scalar_one_or_none()


def put(conn: Connection, key: str, value: str) -> None:
    """Write a setting, over what it was."""
    insert_or_replace(conn, _t, {"key": key, "value": value})


def put_once(conn: Connection, key: str, value: str) -> str:
    """Write a setting unless it has a value; return the one that counts, the same for all who try at once."""
    insert_new(conn, _t, {"key": key, "value": value})
    standing = get(conn, key)
    assert standing is not None
    return standing


def installation_id(conn: Connection) -> str:
    """Return the eight hex digits that mark our objects in the cloud.

    They are made at the first call, which needs a write transaction.
    """
    return get(conn, _INSTALLATION) or put_once(conn, _INSTALLATION, secrets.token_hex(4))


def writable(database: Database) -> bool | str:
    """Say whether the database takes a write within a moment: True, False, or the word for a trouble that does not pass.

    A full disk or a lock that is held for long shows in nothing else. `damaged` is what this process has met damage in, though
    this write may meet none; `replaced` an SQLite file that is not the one that was opened.
    """
    try:
        with within(_WRITE_SECONDS), database.write() as conn:
            # Another text each time: SQLite writes nothing where a row already says what it is told.
            put(conn, _PROBE, secrets.token_hex(8))
    except DatabaseReplaced:
        return "replaced"
    except SQLAlchemyError:
        return "damaged" if database.is_damaged else False
    return "damaged" if database.is_damaged else True
