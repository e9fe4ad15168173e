"""An SQLite file that is damaged, or is something else, is told by its name, whoever opened it: us or the task engine."""

import sqlite3

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError

from opencbr.store.errors import StoreError

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DatabaseDamaged(StoreError, DatabaseError):
    """A database file whose content cannot be read; no other attempt will do better."""

    def __init__(self, file: str, cause: BaseException) -> None:
        DatabaseError.__init__(self, None, None, cause)
        self.file = file

    def __str__(self) -> str:
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
    """Say whether SQLite could make nothing of the file."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE  # the low byte of an extended code


# Every engine of this process, the task engine's own among them.
@event.listens_for(Engine, "handle_error")
def _tell(context: ExceptionContext) -> None:
    if is_damage(context.original_exception) and context.engine is not None:
        raise DatabaseDamaged(
            context.engine.url.database or "", context.original_exception
        ) from context.original_exception
