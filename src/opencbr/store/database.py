"""The database: an engine, its transactions and the upgrade of its schema.

SQLite (a file, WAL) is the embedded default, PostgreSQL through psycopg the one for several machines.
"""

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from opencbr.deadline import seconds_left
from opencbr.store import damage, reopening  # noqa: F401 -- they listen to every engine
from opencbr.store.errors import UnsupportedDatabase
from opencbr.store.private_file import make_private
from opencbr.store.schema import missing_revisions, upgrade_schema

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
IDLE_TIMEOUT_MS = 60_000
"""PostgreSQL ends a transaction that does nothing for so long: a frozen process must not keep its locks."""

ATTEMPTS = 8
_PASSING = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock found


class Database:
    """One database. Thread-safe.

    Connections come from two pools, one for reading and one for writing, that never grow beyond `pool_size` each: those
    who wait for a lock leave the readers theirs. What a client waits for waits no longer than its deadline.

    `url` is `sqlite:///path` (three slashes and a relative path, four and an absolute one) or
    `postgresql+psycopg://…`; anything else raises UnsupportedDatabase. `sleep` takes seconds: `transact`
    waits with it.
    """

    def __init__(self, url: str, *, pool_size: int = 8, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            parsed = make_url(url)
        except ValueError as error:
            # Not what it is instead: where an @ is missing, a piece of the password stands there.
            raise UnsupportedDatabase("the database URL has a port that is no number") from error
        except ArgumentError as error:
            raise UnsupportedDatabase(
                "the database URL cannot be read; write sqlite:///path or postgresql+psycopg://…"
            ) from error
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
            raise UnsupportedDatabase(
                f"a database of kind {parsed.drivername!r} is not supported; use sqlite or postgresql+psycopg"
            )
        if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
            raise UnsupportedDatabase("SQLite needs a file here: write sqlite:///path")
        self.url = parsed.render_as_string(hide_password=False)
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if parsed.drivername == "sqlite" else "postgresql"
        )
        self._sleep = sleep
        # Overflow connections are opened and closed per request: dearer than waiting for a pooled one.
        # Parameters stay out of errors: they are tenants' data.
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "hide_parameters": True}
        if self.dialect == "sqlite":
            self._reader, self._writer = (create_engine(parsed, **options) for _ in range(2))
            _prepare_sqlite(self._reader, self.url)
            _prepare_sqlite(self._writer, self.url, write=True)
        else:
            # Said, and not left to the server's default: whoever waited for a row's lock must see what was written.
            self._reader, self._writer = (
                create_engine(parsed, isolation_level="READ COMMITTED", **options) for _ in range(2)
            )
            _prepare_postgres(self._reader)
            _prepare_postgres(self._writer, write=True)
            # A list and its count must speak of the same moment.
            self._reader = self._reader.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment of the database and changes nothing."""
        with self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction: it commits at the end of the block and rolls back when the block raises.

        On SQLite it has the one write lock from the start (BEGIN IMMEDIATE) and never fails half way for it.
        """
        with self._writer.begin() as connection:
            yield connection

    def transact(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` as one whole write transaction, again when the database asks for that.

        It asks after a deadlock, a failed serialization or a lock waited for in vain. `fn` may run
        up to ATTEMPTS times, so it must do nothing outside the database.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                with self.write() as connection:
                    return fn(connection)
            except DBAPIError as error:
                if attempt == ATTEMPTS or not _passes(error) or seconds_left() == 0:
                    raise
            # Two that collided must not wait equally long.
            self._sleep(0.005 * 2**attempt * (1 + secrets.randbelow(100) / 100))

    def upgrade(self) -> list[str]:
        """Bring the schema to the newest revision; return those applied, none when it was there already.

        Safe when two processes start at once: the second waits, then finds nothing to do. Raises NewerSchema.
        """
        with self.write() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:room)"), {"room": 0x0C_B5})
            return upgrade_schema(connection)

    def schema_is_current(self) -> bool:
        """Say whether the schema is the one this program was written for. Raises NewerSchema."""
        with self.read() as connection:
            return not missing_revisions(connection)

    def check(self) -> bool:
        """Say whether the database answers."""
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def dispose(self) -> None:
        """Close the pools' connections."""
        self._reader.dispose()
        self._writer.dispose()


def is_outage(error: Exception) -> bool:
    """Say whether an error may be over soon: a lost connection, a restart, a lock, no connection free.

    The hot read speaks to the bare drivers, whose errors SQLAlchemy has not wrapped.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(
        error,
        OperationalError | InterfaceError | PoolTimeout | sqlite3.OperationalError | psycopg.OperationalError,
    )


def _passes(error: DBAPIError) -> bool:
    """Say whether the same transaction may well succeed a moment later."""
    if getattr(error.orig, "sqlstate", None) in _PASSING:
        return True
    # Extended codes such as SQLITE_BUSY_SNAPSHOT have SQLITE_BUSY (5) or SQLITE_LOCKED (6) as low byte.
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {5, 6}


def _lock_milliseconds() -> int:
    """How long to wait for a lock: no longer than the client that waits."""
    left = seconds_left()
    return BUSY_TIMEOUT_MS if left is None else max(1, min(BUSY_TIMEOUT_MS, int(left * 1000)))


def _prepare_postgres(engine: Engine, *, write: bool = False) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}")
        connection.commit()  # or the pool's rollback would take it back

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if write and seconds_left() is not None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_lock_milliseconds()}")


def _prepare_sqlite(engine: Engine, url: str, *, write: bool = False) -> None:
    @event.listens_for(engine, "do_connect")
    def make(*_: Any) -> None:
        # An error that forbids it is SQLite's to tell.
        with contextlib.suppress(OSError):
            make_private(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # BEGIN is ours to say
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        # The ledger stands before the cloud is asked, even when the power goes: commits reach the disk.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if write:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_lock_milliseconds()}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
