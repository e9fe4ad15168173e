"""Rows of the hot read from PostgreSQL, through libpq: psycopg's cursors would take three times the processor's time."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from sqlalchemy import make_url

from opencbr.records.connection_stack import Idle

_BINARY = 1
_BYTEA = 17
"""The type's number in every PostgreSQL (pg_type.dat)."""

_STATEMENT_MS = 30_000
_TIMES: dict[str, Any] = {
    # A server that went without a word must not keep the threads that serve.
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

_Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresRows:
    """Reads rows, each by a query of two text parameters, whose columns are text or bytea. Thread-safe."""

    def __init__(self, url: str, queries: Mapping[bool, str]) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._queries = queries
        self._names = {True: b"opencbr_answer_secrets", False: b"opencbr_answer"}
        self._idle = Idle(self._connect)

    def row(self, backup_id: str, reader: str, *, secrets: bool) -> tuple[Any, ...] | None:
        """Return the one row, or None. Raises psycopg.Error."""
        connection, used = self._idle.take()
        try:
            return self._ask(connection, backup_id, reader, secrets=secrets)
        except psycopg.Error:
            if not used:
                raise
        # The server was restarted, or the schema upgraded, since: no connection of before is of use.
        self._idle.close()
        return self._ask(self._connect(), backup_id, reader, secrets=secrets)

    def close(self) -> None:
        """Close the idle connections."""
        self._idle.close()

    def _connect(self) -> _Connection:
        connection = psycopg.connect(self._url, autocommit=True, **_TIMES)
        try:
            connection.execute("SET client_encoding TO 'UTF8'")
            connection.execute(f"SET statement_timeout = {_STATEMENT_MS}")
            for secrets, query in self._queries.items():
                _checked(connection, connection.pgconn.prepare(self._names[secrets], query.encode()))
        except BaseException:
            connection.close()
            raise
        return connection

    def _ask(
        self, connection: _Connection, backup_id: str, reader: str, *, secrets: bool
    ) -> tuple[Any, ...] | None:
        try:
            parameters = [backup_id.encode(), reader.encode()]
            result = connection.pgconn.exec_prepared(self._names[secrets], parameters, result_format=_BINARY)
            _checked(connection, result)
        except BaseException:
            connection.close()
            raise
        self._idle.give(connection)
        if not result.ntuples:
            return None
        return tuple(_value(result, column) for column in range(result.nfields))


def _checked(connection: _Connection, result: psycopg.pq.abc.PGresult) -> None:
    if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        if connection.pgconn.status == ConnStatus.BAD:
            raise psycopg.OperationalError("the connection to the database was lost")
        raise error_from_result(result)


def _value(result: psycopg.pq.abc.PGresult, column: int) -> str | bytes | None:
    value = result.get_value(0, column)
    return value if value is None or result.ftype(column) == _BYTEA else value.decode()
