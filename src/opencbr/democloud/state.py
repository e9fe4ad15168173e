"""What the cloud knows: JSON documents in one SQLite file.

Every request is one transaction: a process that is killed leaves the state of the last finished request.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]


_ASKED = (
    "server_id",
    "device_id",
    "volume_id",
    "parent_id",
    "security_group_id",
    "network_id",
    "name",
    "status",
)
"""Fields by which documents are looked for; without an index a list of a thousand servers would read all a thousand times."""


def _field(name: str) -> str:
    return f"json_extract(doc, '$.{name}')"


def pick(doc: Doc, *names: str) -> Doc:
    """Return the part of `doc` with these names, in this order."""
    return {name: doc[name] for name in names}


class State:
    """Documents by kind and id, kept in the order in which they were first stored.

    All access happens inside `change()`, which holds the only lock of the cloud and is a transaction.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._sql = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.execute("PRAGMA synchronous=NORMAL")  # a killed process loses nothing; a power cut may
        self._sql.execute(
            "CREATE TABLE IF NOT EXISTS thing (place INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
            " id TEXT NOT NULL, project TEXT NOT NULL, doc TEXT NOT NULL, UNIQUE (kind, id))"
        )
        self._sql.execute("CREATE INDEX IF NOT EXISTS thing_project ON thing (kind, project, place)")
        for name in _ASKED:
            self._sql.execute(f"CREATE INDEX IF NOT EXISTS thing_{name} ON thing (kind, {_field(name)})")

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the state: commit at the end, roll back when an exception leaves the block."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._sql.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._sql.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._sql.execute("COMMIT")
            finally:
                self._depth -= 1

    def get(self, kind: str, id_: str) -> Doc | None:
        """Return the document, or None."""
        row = self._sql.execute("SELECT doc FROM thing WHERE kind=? AND id=?", (kind, id_)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, doc: Doc, *, project: str | None = None) -> Doc:
        """Store `doc` under its `id`; its project is `project` or the document's own `project_id`."""
        owner = project if project is not None else doc.get("project_id") or ""
        self._sql.execute(
            "INSERT INTO thing (kind, id, project, doc) VALUES (?,?,?,?) ON CONFLICT (kind, id)"
            " DO UPDATE SET doc=excluded.doc, project=excluded.project",
            (kind, doc["id"], owner, json.dumps(doc)),
        )
        return doc

    def drop(self, kind: str, id_: str) -> None:
        """Delete the document; nothing happens when there is none."""
        self._sql.execute("DELETE FROM thing WHERE kind=? AND id=?", (kind, id_))

    def all(self, kind: str, project: str | None = None, **fields: Any) -> list[Doc]:
        """Return the documents of one kind, oldest first, of one project or (None) of all, whose fields have these values."""
        if not all(value is None or isinstance(value, str | int) for value in fields.values()):
            return []  # a request may name anything; no document is found by a list
        where, values = ["kind=?"], [kind, *fields.values()]
        where += [f"{_field(name)} IS ?" for name in fields]
        if project is not None:
            where.append("project=?")
            values.append(project)
        query = f"SELECT doc FROM thing WHERE {' AND '.join(where)} ORDER BY place"  # noqa: S608 -- names, no values
        try:
            return [json.loads(row[0]) for row in self._sql.execute(query, values)]
        except (UnicodeEncodeError, OverflowError):  # half a UTF-16 pair, a number beyond 64 bits
            return []

    def find(self, kind: str, **fields: Any) -> Doc | None:
        """Return the first document of that kind whose fields have these values, or None."""
        return next(iter(self.all(kind, **fields)), None)

    def ids(self, kind: str) -> list[str]:
        """Return the ids of all documents of one kind, oldest first."""
        return [
            row[0] for row in self._sql.execute("SELECT id FROM thing WHERE kind=? ORDER BY place", (kind,))
        ]

    def total(self, kind: str, project: str, field: str) -> tuple[int, int]:
        """Return how many documents of one kind a project has, and the sum of a field of theirs."""
        query = f"SELECT count(*), coalesce(sum({_field(field)}), 0) FROM thing WHERE kind=? AND project=?"  # noqa: S608
        count, total = self._sql.execute(query, (kind, project)).fetchone()
        return count, total

    def number(self, name: str) -> int:
        """Return the next number of the sequence `name`, starting at 1."""
        doc = self.get("sequence", name) or {"id": name, "value": 0}
        doc["value"] += 1
        self.put("sequence", doc)
        return int(doc["value"])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._sql.close()
