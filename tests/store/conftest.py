"""A test of the store that asks for `database` runs on SQLite and on PostgreSQL."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

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
def ticks():
    """Moments, a second apart."""
    return (EPOCH + timedelta(seconds=n) for n in itertools.count())
