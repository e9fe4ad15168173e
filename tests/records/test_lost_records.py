"""A record or a link that somebody removed by SQL: damage, and not a backup that has none yet."""

import pytest
from sqlalchemy import text

from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.archive import RecordDamaged, RecordRefused, StoredAnswer
from opencbr.store import backups
from records.protected import protect, rows, server_reading
from store.samples import NOW, OTHER, PROJECT


@pytest.fixture(name="remove")
def _remove(database):
    """Remove rows of a backup as whoever has the database's password would."""

    def remove(backup, *tables):
        with database.write() as conn:
            for table in tables:
                done = conn.execute(text(f"DELETE FROM {table} WHERE backup_id = :id"), {"id": backup.id})
                assert done.rowcount == 1

    return remove


def move(database, top, *statuses):
    for status in statuses:
        with database.write() as conn:
            assert backups.move_family(conn, PROJECT, top.id, to=status, updated_at=NOW)


def whole(records):
    return (records.report, lambda *of: records.export(*of, VERBATIM))


@pytest.mark.parametrize("tables", [["record"], ["record", "record_link"]], ids=["record", "both"])
@pytest.mark.parametrize("status", ["available", "waiting_restore", "restoring"])
def test_a_record_that_must_be_there_and_is_not_is_damage(database, records, remove, tables, status):
    top, children, _ = protect(database, records, server_reading())
    if status != "available":
        move(database, top, status)
    remove(top, *tables)
    for one in (top, children[1]):
        for view in (MASKED, VERBATIM):
            with pytest.raises(RecordDamaged, match=f"the record of backup {top.id} is gone"):
                records.answer(PROJECT, one.id, view)
    for read in whole(records):
        with pytest.raises(RecordDamaged, match=f"the record of backup {top.id} is gone"):
            read(PROJECT, top.id)
        with pytest.raises(RecordRefused, match="has no record"):
            read(OTHER, top.id)


@pytest.mark.parametrize("shown_by", ["link", "verdict"])
@pytest.mark.parametrize("statuses", [["waiting_delete"], ["deleting"], ["deleting", "error"]])
def test_a_backup_that_had_one_owes_it_until_it_is_deleted(database, records, remove, shown_by, statuses):
    top, _, closed = protect(database, records, server_reading())
    with database.write() as conn:
        backups.update(conn, PROJECT, top.id, verdict=closed.verdict if shown_by == "verdict" else None)
    move(database, top, *statuses)
    remove(top, "record", *(["record_link"] if shown_by == "verdict" else []))
    for read in (lambda *of: records.answer(*of, MASKED), *whole(records)):
        with pytest.raises(RecordDamaged, match="is gone"):
            read(PROJECT, top.id)


def test_a_record_without_its_link_is_damage_to_whoever_needs_the_link(database, records, remove):
    top, _, _ = protect(database, records, server_reading())
    answered = records.answer(PROJECT, top.id, MASKED)
    remove(top, "record_link")
    assert records.answer(PROJECT, top.id, MASKED) == answered
    for read in whole(records):
        with pytest.raises(RecordDamaged, match=f"backup {top.id} is damaged: its link in the chain is gone"):
            read(PROJECT, top.id)


@pytest.mark.parametrize(
    "statuses", [[], ["error"], ["error", "waiting_delete"], ["error", "waiting_delete", "deleting", "error"]]
)
def test_what_was_never_closed_has_no_record_and_that_is_no_damage(database, records, statuses):
    """A failed backup that is to be deleted is `waiting_delete` too."""
    top, children = rows(database, server_reading())
    move(database, top, *statuses)
    for one in (top, *children):
        assert records.answer(PROJECT, one.id, VERBATIM) == StoredAnswer([top.status, *statuses][-1], None)
    for read in whole(records):
        with pytest.raises(RecordRefused, match=f"backup {top.id} has no record"):
            read(PROJECT, top.id)


def test_a_disk_of_a_server_has_no_record_of_its_own(database, records):
    _, children, _ = protect(database, records, server_reading())
    for read in whole(records):
        with pytest.raises(RecordRefused, match=f"backup {children[0].id} has no record"):
            read(PROJECT, children[0].id)
