"""A test of records that asks for `database` runs on SQLite and on PostgreSQL."""

import pytest

from opencbr.records.archive import open_records
from records.protected import Watch


@pytest.fixture
def key_folder(tmp_path):
    """Where the keys go; not there yet."""
    return tmp_path / "var" / "keys"


@pytest.fixture
def records(database, key_folder):
    opened = open_records(database, key_folder, Watch())
    yield opened
    opened.shut()


@pytest.fixture(autouse=True)
def _only_rows_in_transactions(transactions: None) -> None:
    """See tests/support/transactions.py."""
