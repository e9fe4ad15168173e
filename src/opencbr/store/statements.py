"""Small parts of statements that several subjects need."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, CursorResult, Table, false, true
from sqlalchemy.dialects import postgresql, sqlite

from opencbr.store.columns import storable


def values_of(subject: Any) -> dict[str, Any]:
    """Give the fields of a dataclass as the values of a row, one level deep."""
    return {field.name: getattr(subject, field.name) for field in fields(subject)}


def among(column: Column[str], wanted: Collection[str]) -> ColumnElement[bool]:
    """Say that `column` is one of `wanted` (contract 2, rule 7); no wish at all is no condition."""
    if not wanted:
        return true()
    possible = [value for value in wanted if storable(value)]
    if not possible:
        return false()
    return column == possible[0] if len(possible) == 1 else column.in_(possible)


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


def touched(result: CursorResult[Any]) -> bool:
    """Say whether a statement changed a row."""
    return result.rowcount > 0


def _insert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)
