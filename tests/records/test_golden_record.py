"""Rows and key files that were written when the format was frozen are read as they were, for ever."""

import json
import re
from datetime import timedelta

import pytest

from opencbr.keys.check import check_keys
from opencbr.model.manifest import view_name
from opencbr.model.secrets import VERBATIM, mask
from opencbr.records import links
from opencbr.records.archive import open_records
from opencbr.records.offline_verification import verify_export
from records.golden import BURIED, EXPECTED, EXPORT, PUBLIC_KEY, VIEWS, enter, restore, rows
from records.protected import Watch

BACKUPS = list(EXPECTED)
MASK = re.compile(r"\(masked \w+ [0-9a-f]{16}\)")


def view_of(name):
    return frozenset(name.split("+")) if name else frozenset()


@pytest.fixture
def records(database, key_folder):
    restore(database, key_folder)
    assert check_keys(database, key_folder) is None
    opened = open_records(database, key_folder, Watch())
    yield opened
    opened.shut()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("backup_id", BACKUPS)
def test_show_metadata_answers_as_it_did(records, backup_id, view):
    expected = EXPECTED[backup_id]
    answer = records.answer(expected["project_id"], backup_id, view_of(view))
    assert answer.body.decode() == expected["answers"][view]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("backup_id", BACKUPS)
def test_it_is_exported_as_it_was_and_verified(records, backup_id, view):
    expected = EXPECTED[backup_id]
    export = json.loads(json.dumps(records.export(expected["project_id"], backup_id, view_of(view))))
    assert {one["name"]: one["body"] for one in export["documents"]} == expected["documents"][view]
    assert verify_export(export, PUBLIC_KEY) == []
    if (backup_id, view) == (EXPORT["manifest"]["backup_id"], view_name(VERBATIM)):
        assert export == EXPORT


def test_its_chains_are_whole(records, database):
    assert records.public_key == PUBLIC_KEY
    for backup_id, one in EXPECTED.items():
        enter(database, one["project_id"], records.report(one["project_id"], backup_id))
    chains = list(records.chains())
    assert [chain.problems for chain in chains] == [()] * len(BACKUPS)
    assert [(link.backup_id, link.sequence, link.record) for chain in chains for link in chain.links] == [
        (BURIED, 1, "tombstone"),
        (BACKUPS[0], 2, "stands"),
        (BACKUPS[1], 1, "stands"),
    ]


def test_its_tombstone_is_never_buried_again(records, database):
    (buried,) = [row["buried_at"] for row in rows("record_link") if row["backup_id"] == BURIED]
    project_id = EXPECTED[BACKUPS[0]]["project_id"]
    with database.write() as conn:
        records.bury(conn, project_id, BURIED, buried + timedelta(days=1))
        assert not links.bury(conn, project_id, BURIED, buried + timedelta(days=1))
        link = links.get(conn, project_id, BURIED)
    assert link.buried_at == buried


@pytest.mark.parametrize("backup_id", BACKUPS)
def test_a_value_still_has_the_fingerprint_it_had(records, backup_id):
    """More is masked in a record that is made today; what was masked then is masked alike."""
    expected = EXPECTED[backup_id]
    key = records._keys.of(expected["project_id"], "1")
    verbatim, masked = expected["documents"]["infrastructure+secrets"], expected["documents"][""]
    for name, body in verbatim.items():
        today = mask(name, body.encode(), key.fingerprint).body.decode()
        assert set(MASK.findall(masked[name])) <= set(MASK.findall(today)), name
