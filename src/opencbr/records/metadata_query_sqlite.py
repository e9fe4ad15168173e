"""Rows of the hot read from SQLite, through the standard library's driver."""

import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import make_url

from opencbr.records.connection_stack import Idle

_CACHE_KIB = 16 * 1024


class SqliteRows:
    """Reads rows, each by a query of two parameters. Thread-safe."""

    def __init__(self, url: str, queries: Mapping[bool, str]) -> None:
        self._path = make_url(url).database or ""
        self._queries = queries
        self._idle = Idle(self._connect)

    def row(self, backup_id: str, reader: str, *, secrets: bool) -> tuple[Any, ...] | None:
        """Return the one row, or None. Raises sqlite3.Error."""
        connection, _ = self._idle.take()
        try:
            found: tuple[Any, ...] | None = connection.execute(
                self._queries[secrets], (backup_id, reader)
            ).fetchone()
        except BaseException:
            connection.close()
            raise
        self._idle.give(connection)
        return found

    def close(self) -> None:
        """Close the idle connections."""
        self._idle.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(self._path)}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA busy_timeout = 30000")
            # Not a mapped file, which would be as fast: it makes a bad disk the end of the process.
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
        return connection
