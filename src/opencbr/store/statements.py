"""Small parts of statements that several subjects need."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from itertools import product
from typing import Any, TypeVar, cast

from sqlalchemy import (
    TEXT,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    FromClause,
    Select,
    Table,
    false,
    func,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from opencbr.store.columns import storable

_Row = TypeVar("_Row")


def values_of(subject: Any, kind: type[Any] | None = None) -> dict[str, Any]:
    """Give the fields of a dataclass, or those of its base `kind`, as the values of a row, one level deep."""
    return {field.name: getattr(subject, field.name) for field in fields(kind or subject)}


def among(column: ColumnElement[str], wanted: Collection[str]) -> ColumnElement[bool]:
    """Say that `column` is one of `wanted` (contract 2, rule 7); no wish at all is no condition."""
    if not wanted:
        return true()
    possible = [value for value in wanted if storable(value)]
    if not possible:
        return false()
    return column == possible[0] if len(possible) == 1 else column.in_(possible)


def contains(column: Column[str], part: str | None) -> ColumnElement[bool]:
    """Say that `part` occurs in `column`, letter by letter; None is no condition, an empty part means an empty text."""
    if part is None:
        return true()
    if not storable(part):
        return false()
    # LIKE minds the case of letters on one database and not on the other.
    return func.replace(column, part, "") != column if part else column == ""


def insert_new(conn: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is taken; say whether it was inserted.

    Waits for a rival that has not committed yet.
    """
    key = next(iter(table.primary_key))
    # Counting rows would not do: psycopg gives -1 for an insert here.
    claim = _insert(conn, table).values(**values).on_conflict_do_nothing().returning(key)
    return conn.execute(claim).first() is not None


def insert_or_replace(conn: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert the row, or give an existing row of the same primary key these values."""
    key = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in key}
    conn.execute(_insert(conn, table).values(**values).on_conflict_do_update(index_elements=key, set_=rest))


def insert_selected(conn: Connection, table: Table, columns: Collection[str], rows: Select[Any]) -> None:
    """Insert what a query finds, but for rows whose key is taken."""
    conn.execute(_insert(conn, table).from_select(list(columns), rows).on_conflict_do_nothing())


def touched(result: CursorResult[Any]) -> bool:
    """Say whether a statement changed a row."""
    return result.rowcount > 0


class checked(FunctionElement[str]):  # noqa: N801 - read as a function of SQL
    """A column that is only checked, of rows that another key finds: SQLite takes no index for it.

    SQLite keeps no statistics here and takes an index that begins with the project for one that finds ten rows: it would read
    all that the project has, rather than look for several parents. PostgreSQL counts, and sees the column as it is.
    """

    type = TEXT()
    inherit_cache = True


@compiles(checked)
def _as_it_is(element: checked, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(checked, "sqlite")
def _without_index(element: checked, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"  # the documented way to keep an index out


def belongs(table: FromClause, project_id: str) -> ColumnElement[bool]:
    """Say of a row that is found by another key that it is of the project."""
    return checked(table.c.project_id) == project_id


@contextmanager
def as_written(refusal: Exception) -> Iterator[None]:
    """Raise `refusal` when what is read is of another type than the program writes; other errors pass.

    SQLite keeps whatever type somebody writes into a column.
    """
    try:
        yield
    except (TypeError, ValueError) as error:  # a moment that is none
        raise refusal from error
    except OperationalError as error:
        if not is_no_text(error):
            raise
        raise refusal from error


def is_no_text(error: Exception) -> bool:
    """Say whether SQLite gave up on a text that is no UTF-8: its driver's word for an outage, yet it stays so."""
    return _NO_TEXT in str(error)


def read_rows(conn: Connection, query: Select[Any], kind: type[_Row], refusal: Exception) -> list[_Row]:
    """Read rows into a dataclass, each value of its field's type; raise `refusal` when one is of another."""
    with as_written(refusal):
        rows = [kind(**row) for row in conn.execute(query).mappings()]
        for row, field in product(rows, fields(cast("type[Any]", kind))):
            if not isinstance(getattr(row, field.name), cast("type[Any]", field.type)):
                raise TypeError(f"{field.name} is of another type")
    return rows


_NO_TEXT = "Could not decode to UTF-8"


def _insert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)
