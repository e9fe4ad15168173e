"""A test of the store that asks for `database` runs on SQLite and on PostgreSQL."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from opencbr.records.archive import open_records
from opencbr.store.database import Database
from store.protected import Watch
from support.databases import KINDS, POSTGRES

EPOCH = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def empty_url(request, databases, tmp_path):
    """The URL of a database without its schema."""
    with databases.fresh(request.param, tmp_path, empty=True) as url:
        yield url


@pytest.fixture
def postgres_url(databases, tmp_path):
    """The URL of a database without its schema, for tests marked `postgres`."""
    with databases.fresh(POSTGRES, tmp_path, empty=True) as url:
        yield url


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def ticks():
    """Moments, a second apart."""
    return (EPOCH + timedelta(seconds=n) for n in itertools.count())


@pytest.fixture
def key_folder(tmp_path):
    """Where the keys go; not there yet."""
    return tmp_path / "var" / "keys"


@pytest.fixture
def records(database, key_folder):
    opened = open_records(database, key_folder, Watch())
    yield opened
    opened.shut()
