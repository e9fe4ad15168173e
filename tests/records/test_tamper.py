"""Whoever can write to the database can destroy a record and cannot change it: nothing altered is ever given out."""

import pytest
from sqlalchemy import text

from opencbr.records.archive import open_records
from records.protected import Watch, disk_reading, protect, server_reading
from records.spoiling import Readers, spoilt, without
from store.samples import OTHER

BLOBS = ["answer", "secrets", "documents", "digest", "signature", "signer"]
TEXTS = ["key_id", "dictionary_id"]


@pytest.fixture(name="sql")
def _sql(database):
    """Run SQL as whoever has the database's password would."""

    def run(statement, **values):
        with database.write() as conn:
            found = conn.execute(text(statement), values)
            return found.all() if found.returns_rows else found.rowcount

    return run


@pytest.fixture(name="protected")
def _protected(database, records):
    """Back something up; gives its rows."""
    return lambda reading: protect(database, records, reading, after=server_reading())[:2]


@pytest.fixture(name="backup")
def _backup(protected):
    return protected(server_reading())


@pytest.fixture(name="readers")
def _readers(records, backup):
    top, children = backup
    return Readers(records, top.id, children[1].id)


def get(sql, column, of):
    return sql(f"SELECT {column} FROM record WHERE backup_id = :id", id=of.id)[0][0]


def put(sql, column, value, of):
    assert sql(f"UPDATE record SET {column} = :value WHERE backup_id = :id", value=value, id=of.id) == 1


@pytest.mark.parametrize("column", BLOBS)
def test_turned_bits_and_cut_ends_are_noticed_by_whoever_needs_the_part(sql, backup, readers, column):
    whole = get(sql, column, backup[0])
    came = {}
    for spoiled in spoilt(whole):
        put(sql, column, spoiled, backup[0])
        came[tuple(readers.now().items())] = spoiled
    assert [dict(outcomes) for outcomes in came] == [without(column)]
    put(sql, column, whole, backup[0])
    assert set(readers.now().values()) == {"right"}


@pytest.mark.parametrize("column", TEXTS)
def test_so_are_changed_names_of_keys_and_dictionaries(sql, backup, readers, column):
    whole = get(sql, column, backup[0])
    turned = whole[:-1] + ("0" if whole[-1] != "0" else "1")
    came = {}
    for other in (
        turned,
        whole[:-1],
        whole + "0",
        "",
        whole * 300,
        "2",
        "00" * 32,
        f"../{whole}",
        "\u20ac\n",
    ):
        put(sql, column, other, backup[0])
        came[tuple(readers.now().items())] = other
    assert [dict(outcomes) for outcomes in came] == [without(column)]


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("column", sorted({*BLOBS, "sequence"} - {"signer"}))  # which all records share
def test_a_part_of_another_record_does_not_fit(protected, sql, backup, readers, column):
    other, _ = protected(server_reading())
    put(sql, column, get(sql, column, other), backup[0])
    assert readers.now() == without(column)


@pytest.mark.parametrize("parts", [("answer", "secrets"), ("secrets", "documents"), ("documents", "answer")])
def test_a_part_in_the_place_of_another_does_not_fit(sql, backup, readers, parts):
    values = [get(sql, part, backup[0]) for part in parts]
    put(sql, parts[0], values[1], backup[0])
    assert readers.now() == without(parts[0])
    put(sql, parts[1], values[0], backup[0])
    assert readers.now() == without(*parts)


@pytest.mark.parametrize("has_key", [True, False])
def test_a_row_moved_to_another_project_opens_for_nobody(protected, sql, backup, readers, has_key):
    if has_key:
        protected(disk_reading(project_id=OTHER))
    for table, of in (
        ("record", "backup_id"),
        ("record_link", "backup_id"),
        ("backup", "coalesce(parent_id, id)"),
    ):
        sql(f"UPDATE {table} SET project_id = :other WHERE {of} = :id", other=OTHER, id=backup[0].id)
    assert set(readers.now(OTHER).values()) == {"refused"}


def test_all_parts_of_a_foreign_record_do_not_open_under_ones_own_backup(protected, sql, backup, readers):
    foreign, _ = protected(server_reading(project_id=OTHER))
    for column in [*BLOBS, *TEXTS]:
        put(sql, column, get(sql, column, foreign), backup[0])
    assert set(readers.now().values()) == {"refused"}


@pytest.mark.parametrize("previous", ["of another", None, b""])
def test_a_changed_link_is_noticed(protected, records, sql, backup, previous):
    later, children = protected(server_reading())
    readers = Readers(records, later.id, children[1].id)
    value = get(sql, "digest", later) if previous == "of another" else previous
    sql("UPDATE record_link SET previous = :value WHERE backup_id = :id", value=value, id=later.id)
    assert readers.now() == without("signature")


@pytest.mark.parametrize("change", ["wrapped = :value", "key_id = 'x'", "project_id = 'x'"])
def test_without_the_projects_key_nothing_opens(database, key_folder, sql, readers, change):
    (wrapped,) = sql("SELECT wrapped FROM project_key")[0]
    spoiled = {"value": wrapped[:-1] + bytes([wrapped[-1] ^ 1])} if ":value" in change else {}
    sql(f"UPDATE project_key SET {change}", **spoiled)
    fresh = open_records(database, key_folder, Watch())  # another process, which has not seen the key before
    assert set(readers.now(records=fresh).values()) == {"refused"}
    fresh.shut()
