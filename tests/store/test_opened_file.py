"""Whoever opens an SQLite file, the task engine too: a transaction begins in the file that was opened, or does not begin."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from opencbr.store.database import Database, is_outage
from opencbr.store.opened_file import DatabaseReplaced


def test_another_engine_of_the_process_refuses_too(tmp_path: Path):
    file = tmp_path / "journal.jobs"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE t (a INTEGER)")
    file.unlink()
    with (
        pytest.raises(DatabaseReplaced, match=r"journal\.jobs was removed") as raised,
        engine.begin() as conn,
    ):
        conn.exec_driver_sql("INSERT INTO t VALUES (1)")
    assert is_outage(raised.value)
    engine.dispose()
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE t (a INTEGER)")
    engine.dispose()


def test_no_empty_file_is_made_in_place_of_one_that_was_removed(tmp_path: Path):
    file = tmp_path / "opencbr.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    with database.read():
        file.unlink()
        with pytest.raises(DatabaseReplaced), database.read():  # needs a second connection
            pass
    assert not file.exists()
    database.dispose()
