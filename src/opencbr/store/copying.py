"""Carrying a whole installation from one database into another, for instance from SQLite to PostgreSQL."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select

from opencbr.store import leases, tables
from opencbr.store.database import Database
from opencbr.store.errors import StoreError

LEFT_OUT = frozenset({tables.worker, tables.leader})
"""Who is alive and who has which duty is true of running processes, and none runs."""

_BATCH = 500

Tell = Callable[[str, int, int], None]
"""Is told the table, how many of its rows are copied, and how many there are."""


class CannotCopy(StoreError):
    """The copy was not begun; the sentence says why."""


def copy_database(source: Database, target: Database, tell: Tell) -> dict[str, int]:
    """Copy all rows as they are and return how many of each table; all of them or, after an error, none.

    Nobody can change the source meanwhile where it is SQLite; of PostgreSQL one moment is copied. Raises CannotCopy.
    """
    if not source.schema_is_current():
        raise CannotCopy("the database to copy is not up to date: run `opencbr db upgrade`")
    _make_ready(target)
    whole = source.write if source.dialect == "sqlite" else source.read
    with whole() as old, target.write() as new:
        workers = leases.alive(old)
        if workers:
            names = ", ".join(sorted(workers))
            raise CannotCopy(
                f"stop every worker first: {names} has a lease; that of one killed soon runs out"
            )
        return {table.name: _copy(old, new, table, tell) for table in _tables()}


def _tables() -> Iterator[Table]:
    return (table for table in tables.metadata.sorted_tables if table not in LEFT_OUT)


def _make_ready(target: Database) -> None:
    """Give an empty target its tables; refuse one that has anything in it, ours or not."""
    with target.read() as conn:
        present = bool(inspect(conn).get_table_names())
    if not present:
        target.upgrade()
        return
    if not target.schema_is_current():
        raise CannotCopy(
            "the target has tables that are not ours or of another version: make an empty database"
        )
    with target.read() as conn:
        filled = [
            table.name
            for table in tables.metadata.sorted_tables
            if conn.execute(select(table).limit(1)).first()
        ]
    if filled:
        raise CannotCopy(f"the target is not empty: {', '.join(filled)} has rows; make an empty database")


def _copy(old: Connection, new: Connection, table: Table, tell: Tell) -> int:
    total = int(old.execute(select(func.count()).select_from(table)).scalar_one())
    done = 0
    query = select(table)
    if table is tables.backup:  # a child names its parent, which has to be there before it
        query = query.order_by(table.c.parent_id.is_not(None))
    rows = old.execution_options(yield_per=_BATCH).execute(query).mappings()
    for part in rows.partitions(_BATCH):
        batch: list[dict[str, Any]] = [dict(row) for row in part]
        new.execute(insert(table), batch)
        done += len(batch)
        tell(table.name, done, total)
    return done
