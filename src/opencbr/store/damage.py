"""A database that is damaged, or a file that is none, is told by its name, whoever opened it: us or the task engine.

It is told once in a process, and remembered: a page that cannot be read is met by some queries and not by others.
"""

import logging
import sqlite3

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError

from opencbr.store.errors import StoreError

_log = logging.getLogger("opencbr.store")

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DAMAGE_STATES = frozenset({"XX001", "XX002"})
"""PostgreSQL's: data corrupted, index corrupted."""

_met: set[str] = set()


class DatabaseDamaged(StoreError, DatabaseError):
    """A database whose content cannot be read; no other attempt will do better. `file` is SQLite's, or a database's name."""

    def __init__(self, file: str, cause: BaseException) -> None:
        DatabaseError.__init__(self, None, None, cause)
        self.file = file

    def __str__(self) -> str:
        if getattr(self.orig, "sqlstate", None):
            return f"database {self.file} is damaged ({self.orig}): stop opencbr, and restore it"
        way = (
            "remove it: jobs under way begin anew" if self.file.endswith(".jobs") else "put back a copy of it"
        )
        return f"{self.file} is damaged or is no SQLite database ({self.orig}): stop opencbr, and {way}"


def refuse_damaged(url: str) -> None:
    """Read the first page of the database at `url`. Raises DatabaseDamaged, and what SQLAlchemy raises else."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA schema_version")
    finally:
        engine.dispose()


def is_damage(error: BaseException) -> bool:
    """Say whether the database could make nothing of its own file, in the words of the bare drivers."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _DAMAGE  # the low byte of an extended code
    return getattr(error, "sqlstate", None) in _DAMAGE_STATES


def damaged(file: str, cause: BaseException) -> DatabaseDamaged:
    """Make the error for a damage that was met, and tell of it."""
    error = DatabaseDamaged(file, cause)
    if file not in _met:
        _met.add(file)
        _log.error("%s", error)
    return error


def was_met(file: str) -> bool:
    """Say whether this process has met damage in the database of this name."""
    return file in _met


# Every engine of this process, the task engine's own among them.
@event.listens_for(Engine, "handle_error")
def _tell(context: ExceptionContext) -> None:
    if is_damage(context.original_exception) and context.engine is not None:
        raise damaged(
            context.engine.url.database or "", context.original_exception
        ) from context.original_exception
