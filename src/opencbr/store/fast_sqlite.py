"""Rows of the hot read from SQLite, through the standard library's driver."""

import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import make_url

_MAPPED_BYTES = 256 * 1024 * 1024


class SqliteRows:
    """Reads rows, each by a query of two parameters. Thread-safe."""

    def __init__(self, url: str, queries: Mapping[bool, str]) -> None:
        self._path = make_url(url).database or ""
        self._queries = queries
        self._idle: list[sqlite3.Connection] = []

    def row(self, backup_id: str, project_id: str, *, secrets: bool) -> tuple[Any, ...] | None:
        """Return the one row, or None. Raises sqlite3.Error."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        found: tuple[Any, ...] | None = connection.execute(
            self._queries[secrets], (backup_id, project_id)
        ).fetchone()
        self._idle.append(connection)
        return found

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(self._path)}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA busy_timeout = 30000")
        # Pages come from the system's cache, which a write elsewhere does not empty as it does SQLite's own.
        connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        return connection
