"""Answers are remembered only of backups whose status lets them stand: other processes change it without a word."""

from datetime import UTC, datetime

import pytest

from opencbr.model.caller import Caller
from opencbr.model.errors import CbrError
from opencbr.records.archive import open_records
from opencbr.service.context import Context
from opencbr.service.metadata import Metadata
from opencbr.store import backups
from records.golden import EXPECTED, restore
from records.protected import Watch

BACKUP = next(iter(EXPECTED))
PROJECT = EXPECTED[BACKUP]["project_id"]
CALLER = Caller(
    user_id="u", user_name="u", project_id=PROJECT, project_domain_id="default", roles=frozenset()
)
MEMBER = Context(
    caller=CALLER,
    project_id=PROJECT,
    request_id="r",
    now=datetime(2026, 3, 1, tzinfo=UTC),
    can=lambda _right: False,
)


@pytest.fixture
def metadata(database, tmp_path):
    restore(database, tmp_path / "keys")
    records = open_records(database, tmp_path / "keys", Watch())
    yield Metadata(database, records, cache_seconds=60)
    records.shut()


def moved(database, to):
    """Change the status as a worker does, which is another process."""
    with database.write() as conn:
        assert backups.move(conn, PROJECT, BACKUP, to)


@pytest.mark.parametrize("status", ["waiting_restore", "restoring", "waiting_delete"])
def test_an_answer_of_a_backup_that_is_about_to_change_is_not_remembered(database, metadata, status):
    moved(database, status)
    shown = metadata.show(MEMBER, BACKUP)
    assert shown.decode() == EXPECTED[BACKUP]["answers"][""]
    for to in {"waiting_delete": ["deleting"]}.get(status, ["available", "deleting"]):
        moved(database, to)
    with pytest.raises(CbrError) as refused:
        metadata.show(MEMBER, BACKUP)
    assert refused.value.code == "6206"


def test_an_answer_of_an_available_backup_is_remembered(database, metadata):
    shown = metadata.show(MEMBER, BACKUP)
    moved(database, "deleting")
    assert metadata.show(MEMBER, BACKUP) == shown
