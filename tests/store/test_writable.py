"""Whether the database can be written is found out by writing."""

import sqlite3
from contextlib import closing
from pathlib import Path

from opencbr.store.database import Database
from opencbr.store.installation import writable


def test_every_look_writes(tmp_path: Path):
    """The same text twice is no write to SQLite, and a full disk was no trouble to the second look."""
    database = Database(f"sqlite:///{tmp_path}/opencbr.db")
    database.upgrade()
    with closing(sqlite3.connect(tmp_path / "opencbr.db")) as beside:

        def version() -> int:
            return int(beside.execute("PRAGMA data_version").fetchone()[0])

        seen = [version()]
        for _ in range(3):
            assert writable(database)
            seen.append(version())
    database.dispose()
    assert len(set(seen)) == len(seen)


def test_a_file_that_was_read_only_is_written_again_by_the_same_process(tmp_path: Path):
    """A connection opened meanwhile stays read-only; `query_only` makes one so for root too, whom no file's mode stops."""
    database = Database(f"sqlite:///{tmp_path}/opencbr.db", pool_size=1)
    database.upgrade()
    with database.write() as conn:
        conn.exec_driver_sql("PRAGMA query_only = ON")
    assert not writable(database)
    assert writable(database)
    database.dispose()
