"""The one hot read, by the bare driver: SQLAlchemy would cost more than the reading itself.

Each thread has a connection of its own, opened at its first read.
"""

import sqlite3
import threading
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import psycopg
from sqlalchemy import make_url

from opencbr.store.database import Database

_QUERY = """
SELECT b.status, b.parent_id, b.resource_id, b.resource_type, r.key_id, r.dictionary_id, r.answer, {secrets}
FROM backup b LEFT JOIN record r ON r.backup_id = coalesce(b.parent_id, b.id) AND r.project_id = b.project_id
WHERE b.id = {mark} AND b.project_id = {mark} AND b.held_at IS NULL
"""


class FastAnswer(NamedTuple):
    """What ShowMetadata needs to know of one backup. A disk of a server backup has its parent's record.

    From `key_id` on all is None while there is no record; `secrets` also when it was not asked for.
    """

    status: str
    parent_id: str | None
    resource_id: str
    resource_type: str
    key_id: str | None
    dictionary_id: str | None
    answer: bytes | None
    secrets: bytes | None


class FastReads:
    """Reads answers. Thread-safe; `close` when nobody reads any more."""

    def __init__(self, database: Database) -> None:
        self._source: _Source = (
            _Sqlite(database.url) if database.dialect == "sqlite" else _Postgres(database.url)
        )

    def read_answer(self, project_id: str, backup_id: str, *, secrets: bool = True) -> FastAnswer | None:
        """Read the record of a visible backup of the project; None when there is no such backup.

        Raises the driver's own errors when the database does not answer.
        """
        row = self._source.row(backup_id, project_id, secrets=secrets)
        return None if row is None else FastAnswer._make(row)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._source.close()


class _Source(Protocol):
    def row(self, backup_id: str, project_id: str, *, secrets: bool) -> tuple[Any, ...] | None: ...

    def close(self) -> None: ...


def _queries(mark: str) -> dict[bool, str]:
    return {
        True: _QUERY.format(secrets="r.secrets", mark=mark),
        False: _QUERY.format(secrets="NULL", mark=mark),
    }


class _Sqlite:
    def __init__(self, url: str) -> None:
        self._path = make_url(url).database or ""
        self._queries = _queries("?")
        self._here = threading.local()
        self._open: list[sqlite3.Connection] = []

    def row(self, backup_id: str, project_id: str, *, secrets: bool) -> tuple[Any, ...] | None:
        connection: sqlite3.Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            # Closed by the thread that ends the program, not by the one that opened it.
            connection = sqlite3.connect(
                f"file:{quote(self._path)}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA busy_timeout = 30000")
            self._here.connection = connection
            self._open.append(connection)
        found: tuple[Any, ...] | None = connection.execute(
            self._queries[secrets], (backup_id, project_id)
        ).fetchone()
        return found

    def close(self) -> None:
        while self._open:
            self._open.pop().close()
        self._here = threading.local()


class _Postgres:
    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._queries = _queries("%s")
        self._here = threading.local()
        self._open: list[psycopg.Connection[tuple[Any, ...]]] = []

    def row(self, backup_id: str, project_id: str, *, secrets: bool) -> tuple[Any, ...] | None:
        connection: psycopg.Connection[tuple[Any, ...]] | None = getattr(self._here, "connection", None)
        if connection is not None:
            try:
                return self._ask(connection, backup_id, project_id, secrets=secrets)
            except psycopg.OperationalError:
                # Most likely the server was restarted: once more, on a new connection.
                connection.close()
                self._open.remove(connection)
        connection = psycopg.connect(self._url, autocommit=True)
        self._here.connection = connection
        self._open.append(connection)
        return self._ask(connection, backup_id, project_id, secrets=secrets)

    def _ask(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        backup_id: str,
        project_id: str,
        *,
        secrets: bool,
    ) -> tuple[Any, ...] | None:
        with connection.cursor(binary=True) as cursor:
            return cursor.execute(self._queries[secrets], (backup_id, project_id), prepare=True).fetchone()

    def close(self) -> None:
        while self._open:
            self._open.pop().close()
        self._here = threading.local()
