"""`opencbr db copy`: everything in another database as it was, records and their chains too; or nothing at all."""

import dataclasses

import pytest
from sqlalchemy import insert, select

from opencbr.model.operation_log import OperationLog
from opencbr.records.archive import open_records
from opencbr.store import copying, installation, leases, operation_logs, tables
from opencbr.store.copying import CannotCopy, copy_database
from opencbr.store.database import Database
from records.protected import Watch, disk_reading, protect, server_reading
from store.samples import NOW, OTHER, ident
from support.databases import KINDS, SQLITE


def quiet(table: str, done: int, total: int) -> None:
    assert 0 < done <= total, table


@pytest.fixture(params=KINDS)
def target(request, databases, tmp_path):
    (tmp_path / "target").mkdir()
    with databases.fresh(request.param, tmp_path / "target", empty=True) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture
def source(databases, tmp_path, key_folder):
    """Three records in two chains, with rows of other kinds beside them."""
    with databases.fresh(SQLITE, tmp_path) as url:
        database = Database(url)
        records = open_records(database, key_folder, Watch())
        for reading in (server_reading(), server_reading(), disk_reading()):
            protect(database, records, reading)
        with database.write() as conn:
            installation.installation_id(conn)
            log = OperationLog(
                id=ident(), project_id=OTHER, operation_type="backup", created_at=NOW, updated_at=NOW
            )
            operation_logs.insert(conn, dataclasses.replace(log, details={"a": ["é\u0000", None, 1.5]}))
            conn.execute(insert(tables.draft).values(backup_id="b", part="before", sealed=bytes(range(256))))
        records.shut()
        yield database
        database.dispose()


def everything(database: Database) -> dict[str, list[tuple]]:
    with database.read() as conn:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


def chains(database: Database, key_folder) -> list:
    records = open_records(database, key_folder, Watch())
    try:
        return list(records.chains())
    finally:
        records.shut()


def test_all_rows_are_there_and_every_record_is_proved(source, target, key_folder, monkeypatch):
    monkeypatch.setattr(copying, "_BATCH", 2)  # batches end in the middle of a table
    before, walked = everything(source), chains(source, key_folder)
    copied = copy_database(source, target, quiet)
    assert everything(target) == everything(source) == before
    assert copied == {name: len(found) for name, found in before.items() if name not in ("worker", "leader")}
    assert copied["record"] == 3
    again = chains(target, key_folder)
    assert again == walked
    assert [len(chain.links) for chain in again] == [2, 1] or [len(chain.links) for chain in again] == [1, 2]
    assert not any(chain.problems for chain in again)


def test_a_child_that_stands_before_its_parent_is_copied_after_it(source, target):
    with source.write() as conn:
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        children = [dict(row) for row in conn.execute(select(tables.backup)).mappings() if row["parent_id"]]
        parents = {child["parent_id"] for child in children}
        kept = [dict(row) for row in conn.execute(select(tables.backup)).mappings() if row["id"] in parents]
        for row in kept:  # SQLite gives rows in the order of their writing
            conn.execute(tables.backup.delete().where(tables.backup.c.id == row["id"]))
        for row in kept:
            conn.execute(insert(tables.backup).values(**row))
    copy_database(source, target, quiet)
    assert everything(target) == everything(source)


def test_while_a_worker_lives_nothing_is_copied(source, target):
    with source.write() as conn:
        leases.enter(conn, "w1", 60.0)
    with pytest.raises(CannotCopy, match=r"stop every worker first: w1 has a lease"):
        copy_database(source, target, quiet)
    assert not any(everything(target).values())


def test_a_worker_that_died_is_not_waited_for_and_not_copied(source, target):
    with source.write() as conn:
        leases.enter(conn, "w1", -1.0)
    copy_database(source, target, quiet)
    with target.read() as conn:
        assert leases.alive(conn) | leases.dead(conn) == set()


def test_a_target_that_has_anything_is_refused_as_it_is(source, target):
    target.upgrade()
    with target.write() as conn:
        installation.put(conn, "probe", "")
    before = everything(target)
    with pytest.raises(CannotCopy, match="not empty: settings has rows"):
        copy_database(source, target, quiet)
    assert everything(target) == before


def test_tables_of_somebody_else_are_left_alone(source, target):
    with target.write() as conn:
        conn.exec_driver_sql("CREATE TABLE theirs (id integer)")
    with pytest.raises(CannotCopy, match="tables that are not ours"):
        copy_database(source, target, quiet)


def test_an_error_half_way_leaves_the_target_empty_and_the_copy_can_be_begun_again(source, target):
    def break_off(table: str, _done: int, _total: int) -> None:
        if table == "record":
            raise OSError("the terminal went away")

    with pytest.raises(OSError, match="went away"):
        copy_database(source, target, break_off)
    assert not any(everything(target).values())
    copy_database(source, target, quiet)
    assert everything(target) == everything(source)
