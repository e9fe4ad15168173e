"""Going through the schema's revisions one by one, and what the program before each of them still must be able to do."""

from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, Connection, MetaData, Table, inspect

from opencbr.store import migrations

FOLDER = Path(migrations.__file__).parent
REVISIONS = [file.name.partition("_")[0] for file in sorted((FOLDER / "versions").glob("[0-9]*.py"))]

EXPAND_ONLY_AFTER = "0004"
"""The last revision that could not run beside the program before it; every later one must (docs/howto/add-a-table.md)."""


def upgrade_to(conn: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def known_tables(conn: Connection) -> list[Table]:
    """The tables as a program knows them that was written for the schema as it is now; those pointed at come first."""
    metadata = MetaData()
    metadata.reflect(conn)
    now = inspect(conn)
    for table in metadata.sorted_tables:
        table.info["constraints"] = _constraints(table.name, now)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def contractions(before: list[Table], conn: Connection) -> list[str]:
    """What has been taken from the program that knows `before`, or is demanded of it, a sentence each."""
    now = inspect(conn)
    tables = set(now.get_table_names())
    found = [f"{table.name} is gone" for table in before if table.name not in tables]
    for table in before:
        if table.name in tables:
            found += _columns(table, now) + _demands(table, now)
    return found


def _columns(table: Table, now: Any) -> list[str]:
    columns = {column["name"]: column for column in now.get_columns(table.name)}
    found = []
    for old in table.columns:
        column = columns.get(old.name)
        if column is None:
            found.append(f"{table.name}.{old.name} is gone")
        elif str(column["type"]) != str(old.type):
            found.append(f"{table.name}.{old.name} is of another type")
        elif old.nullable and not column["nullable"]:
            found.append(f"{table.name}.{old.name} must not be NULL any more")
    return found + [
        f"{table.name}.{name} is new and must be given"
        for name in columns.keys() - table.columns.keys()
        if not columns[name]["nullable"] and columns[name]["default"] is None
    ]


def _demands(table: Table, now: Any) -> list[str]:
    """Constraints that a known table did not have: they refuse rows that the program before may write."""
    new = _constraints(table.name, now) - table.info["constraints"]
    return [f"{table.name} has a new {kind} over {columns}" for kind, columns in sorted(new)]


def _constraints(name: str, now: Any) -> set[tuple[str, str]]:
    unique = {("uniqueness", str(one["column_names"])) for one in now.get_unique_constraints(name)}
    unique |= {("uniqueness", str(one["column_names"])) for one in now.get_indexes(name) if one["unique"]}
    foreign = {("foreign key", str(one["constrained_columns"])) for one in now.get_foreign_keys(name)}
    checks = {("check", str(one["sqltext"])) for one in now.get_check_constraints(name)}
    return unique | foreign | checks


def a_row(table: Table, **fields: Any) -> dict[str, Any]:
    """A value for every column; all texts are alike, so that every row points at the one row of the other table."""
    return {column.name: fields.get(column.name, _value(column.type)) for column in table.columns}


def _value(kind: Any) -> Any:
    if isinstance(kind, JSON):
        return []
    return {str: "x", int: 1, bool: True, float: 1.0, bytes: b"x", datetime: datetime(2026, 3, 1)}[  # noqa: DTZ001
        kind.python_type
    ]


def run_statements(conn: Connection, tables: list[Table]) -> None:
    """Write, read, change and remove a row of each table, as the program does that knows these."""
    for table in tables:
        conn.execute(table.insert().values(a_row(table)))
    for table in tables:
        (found,) = conn.execute(table.select()).mappings().all()
        assert dict(found).keys() == a_row(table).keys()
        assert conn.execute(table.update().values(a_row(table))).rowcount == 1
    for table in reversed(tables):
        assert conn.execute(table.delete()).rowcount == 1
