"""A test of the store that asks for `database` runs on SQLite, and on PostgreSQL where a server is named.

Migrating takes longer than most tests, so it is done once and copied.
"""

import itertools
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from opencbr.store.database import Database
from opencbr.store.records import open_records
from store.protected import Watch
from support.postgres import VARIABLE, fresh_database, server

EPOCH = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def migrate(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.dispose()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig):
    with server(asked_for=pytestconfig.option.markexpr == "postgres") as url:
        if url is None:
            pytest.skip(f"PostgreSQL was not asked for: make test-postgres, or name a server in {VARIABLE}")
        yield url


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'opencbr.db'}"


@pytest.fixture
def postgres_url(postgres_server):
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_migrated(tmp_path_factory):
    path = tmp_path_factory.mktemp("migrated") / "opencbr.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server):
    with fresh_database(postgres_server) as url:
        migrate(url)
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def dialect(request):
    return request.param


@pytest.fixture
def database_url(request, dialect):
    """The URL of an empty database."""
    return request.getfixturevalue(f"{dialect}_url")


@pytest.fixture
def database(request, dialect):
    migrated = request.getfixturevalue(f"{dialect}_migrated")
    if dialect == "sqlite":
        url = request.getfixturevalue("sqlite_url")
        shutil.copy(migrated, url.removeprefix("sqlite:///"))
        yield from opened(url)
    else:
        with fresh_database(request.getfixturevalue("postgres_server"), template=migrated) as url:
            yield from opened(url)


def opened(url: str):
    database = Database(url)
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
