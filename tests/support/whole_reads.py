"""Watches how SQLite carries out what this process sends it: of what every backup adds to, nothing reads all that there is.

SQLite keeps no statistics here, and takes an index that begins with the project for one that finds ten rows; a condition that
also names several values of a key may then be answered by reading the project as a whole. PostgreSQL knows better.
"""

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event

from opencbr.store import tables

GROWING = frozenset(
    {
        "backup",
        "volume_backup",
        "record",
        "record_link",
        "checkpoint",
        "operation_log",
        "policy_run",
        "ledger",
    }
)
"""Tables with a row, or several, of every backup."""

UNDER_WAY = frozenset(
    {
        "uq_policy_run_waiting",
        "ix_policy_run_next",
        "ix_policy_run_running",
        "ix_policy_run_ended_at",
        "ix_operation_log_open",
        "ix_operation_log_outbox",
        "ix_ledger_left",
        "ix_ledger_kept_until",
        "ix_backup_expired_at",
        "ix_backup_held",
    }
)
"""Indexes that have only what is not done with yet: those may be read as a whole."""

BY_DESIGN = {
    "opencbr.store.ledger.all": "all that is known is held against all that the cloud has",
    "opencbr.store.ledger.lasting": "the same",
    "opencbr.store.disk_backups.finished": "the same",
    "opencbr.store.ledger.standing": "of servers and volumes only those of restores under way are in the ledger",
    "opencbr.store.pages.read_page": "a list is counted; tests/store/test_list_plans.py has what each is read from",
    "opencbr.store.storage_usage.list": "all that a project has backed up is counted",
    "opencbr.store.vaults.summary": "a project as a whole is summed up",
    "opencbr.records.links.resources": "every chain is walked",
    "opencbr.records.rows.owing": "the same",
}
"""Functions that are to read all, and why."""

PASSING_ON = (f"{__name__}.", "sqlalchemy.", "contextlib.", "opencbr.store.database.")
"""Modules through which statements of others go."""

OF_MANY = frozenset({"project_id", "region", "kind", "status", "operation_type", "resource_type", "verdict"})
"""Columns of which a value is that of any number of rows."""

_STEP = re.compile(
    r"(?:SCAN|SEARCH) (?P<name>\S+)(?: USING (?:AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX (?P<index>[^\s(]+)?)?"
    r"(?: ?\((?P<by>.*)\))?"
)
_PAGE = re.compile(r"LIMIT \S+(?: OFFSET \S+)?\s*$")
_TABLES = {index.name: name for name, table in tables.metadata.tables.items() for index in table.indexes}
_KEY = re.compile(r"sqlite_autoindex_(\w+)_\d+")
_STARTS = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")


@contextmanager
def whole_reads() -> Iterator[list[str]]:
    """Give the list of what reads too much, a step and its statement each time it is sent; it fills while tests run."""
    seen: list[str] = []
    judged: dict[str, list[str]] = {}

    def explain(
        conn: Connection, _cursor: Any, statement: str, given: Any, _context: Any, executemany: bool
    ) -> None:
        if conn.dialect.name != "sqlite" or executemany:
            return
        if statement not in judged:
            judged[statement] = read_whole(statement, _plan(conn, statement, given))
        if judged[statement] and not _is_expected(sys._getframe()):
            seen.extend(f"{step}: {statement}" for step in judged[statement])

    event.listen(Engine, "after_cursor_execute", explain)
    try:
        yield seen
    finally:
        event.remove(Engine, "after_cursor_execute", explain)


def read_whole(statement: str, plan: list[str]) -> list[str]:
    """Return the steps of a plan that read all there is, but for a page that ends when an index has given enough rows."""
    is_page = _PAGE.search(statement) and not any("TEMP B-TREE FOR ORDER BY" in step for step in plan)
    found = [step for step in plan if _reads_all(step, statement)]
    return [step for step in found if "INDEX" not in step] if is_page else found


def _is_expected(frame: FrameType | None) -> bool:
    """Say whether none of ours has written the statement, but a test or a migration, or a function that is to read all."""
    names = []
    while frame is not None:
        names.append(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")
        frame = frame.f_back
    writer = next(name for name in names if not name.startswith(PASSING_ON))
    return not writer.startswith("opencbr.") or not BY_DESIGN.keys().isdisjoint(names)


def _plan(conn: Connection, statement: str, given: Any) -> list[str]:
    if not statement.lstrip().upper().startswith(_STARTS):
        return []
    driver: Any = conn.connection.dbapi_connection
    try:
        return [row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", given or ())]
    except sqlite3.Error:  # of a database that a test has broken
        return []


def _reads_all(step: str, statement: str) -> bool:
    found = _STEP.match(step)
    if found is None or found["index"] in UNDER_WAY:
        return False
    table = _TABLES.get(found["index"]) or _table_of_key(found["index"]) or _named(found["name"], statement)
    by = set(re.findall(r"(\w+)[=<>]+\?", found["by"] or ""))
    return table in GROWING and ("AUTOMATIC" in step or by <= OF_MANY)


def _table_of_key(index: str | None) -> str | None:
    found = _KEY.fullmatch(index or "")
    return found[1] if found else None


def _named(name: str, statement: str) -> str:
    """Return the table behind the name of a step, which may be an alias."""
    found = re.search(rf"(\w+) AS {re.escape(name)}\b", statement)
    return found[1] if found else name
