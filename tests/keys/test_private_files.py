"""The database's files are for their owner alone."""

import os
import stat
from pathlib import Path

import pytest

from opencbr.store.database import Database
from opencbr.store.private_file import make_private


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
def test_the_file_and_what_sqlite_puts_beside_it(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'opencbr.db'}")
    database.upgrade()
    with database.write():
        found = modes(tmp_path)
    database.dispose()
    assert found == {"opencbr.db": 0o600, "opencbr.db-wal": 0o600, "opencbr.db-shm": 0o600}


@pytest.mark.usefixtures("umask")
def test_the_file_at_the_end_of_a_link_that_leads_nowhere_yet(tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "opencbr.db")
    database = Database(f"sqlite:///{tmp_path / 'link.db'}")
    database.upgrade()
    database.dispose()
    assert stat.S_IMODE((tmp_path / "opencbr.db").stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    path = tmp_path / "opencbr.db"
    path.write_bytes(b"text")
    path.chmod(0o640)
    make_private(f"sqlite:///{path}")
    assert (path.read_bytes(), modes(tmp_path)) == (b"text", {"opencbr.db": 0o640})


def test_postgres_has_no_file():
    make_private("postgresql+psycopg://somebody@nowhere/opencbr")


def test_a_folder_that_is_not_there_is_the_databases_to_tell(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'none' / 'opencbr.db'}")
    assert not database.check()
