"""SQLite keeps whatever type is written into a column. What was never written there is damage, and no crash."""

import pytest
from sqlalchemy import text

from opencbr.keys.aead import SealBroken
from opencbr.records.archive import RecordDamaged, open_records
from records.protected import Watch, protect, rows, server_reading
from records.spoiling import Readers, without
from store.samples import PROJECT

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])  # PostgreSQL's columns have a type

ODD = {
    "text": "'\u20ac text'",
    "text that is no UTF-8": "CAST(X'FF00FE' AS TEXT)",
    "blob": "X'00FF'",
    "int": "5",
    "huge": "9223372036854775807",
    "real": "1.5",
}
RECORD = [
    *("answer", "secrets", "documents", "digest", "signature"),
    *("signer", "key_id", "dictionary_id", "sequence"),
]
LINK = ["digest", "previous", "sequence", "closed_at", "buried_at"]


@pytest.fixture(name="sql")
def _sql(database):
    def run(statement):
        with database.write() as conn:
            return conn.execute(text(statement)).rowcount

    return run


@pytest.fixture(name="backup")
def _backup(database, records):
    return protect(database, records, server_reading(), after=server_reading())


@pytest.mark.matrix
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("column", RECORD)
def test_an_odd_type_in_a_record_is_damage(records, backup, sql, column, odd):
    top, children, _ = backup
    readers = Readers(records, top.id, children[1].id)
    assert sql(f"UPDATE record SET {column} = {ODD[odd]}") == 1
    assert readers.now() == without(column)


@pytest.mark.parametrize("column", ["answer", "secrets", "documents", "digest", "signature"])
def test_so_is_a_blob_that_was_made_a_text(records, backup, sql, column):
    top, children, _ = backup
    readers = Readers(records, top.id, children[1].id)
    assert sql(f"UPDATE record SET {column} = CAST({column} AS TEXT)") == 1
    assert readers.now() == without(column)


@pytest.mark.matrix
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("column", LINK)
def test_an_odd_type_in_a_link_is_damage_to_whoever_needs_the_link(records, backup, sql, column, odd):
    top, children, _ = backup
    readers = Readers(records, top.id, children[1].id)
    assert sql(f"UPDATE record_link SET {column} = {ODD[odd]}") == 1
    assert readers.now() == without("signature")


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("odd", sorted({*ODD} - {"blob"}))
def test_an_odd_link_stops_the_next_closing(database, records, backup, sql, odd):
    assert sql(f"UPDATE record_link SET digest = {ODD[odd]}") == 1
    with pytest.raises(RecordDamaged):
        protect(database, records, server_reading())


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_key_opens_nothing(database, key_folder, records, sql, odd):
    top, children, _ = protect(database, records, server_reading())
    readers = Readers(records, top.id, children[1].id)
    assert sql(f"UPDATE project_key SET wrapped = {ODD[odd]}") == 1
    fresh = open_records(database, key_folder, Watch())  # another process, which has not seen the key before
    assert set(readers.now(records=fresh).values()) == {"refused"}
    fresh.shut()


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_draft_is_a_broken_seal(database, records, sql, odd):
    top, _ = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())
    assert sql(f"UPDATE draft SET sealed = {ODD[odd]}") == 1
    with pytest.raises(SealBroken):
        records.kept(PROJECT, top.id, "before")
