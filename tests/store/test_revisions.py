"""Every revision runs beside the program before it, and what stood in the database before it stands there after."""

from itertools import pairwise

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from opencbr.store import disk_backups, ledger, vaults
from opencbr.store.database import Database
from opencbr.store.errors import NewerSchema
from store.revisions import (
    EXPAND_ONLY_AFTER,
    REVISIONS,
    a_row,
    contractions,
    known_tables,
    run_statements,
    upgrade_to,
)

BOUND = [pair for pair in pairwise(REVISIONS) if pair[1] > EXPAND_ONLY_AFTER]


@pytest.fixture
def conn(empty_url):
    database = Database(empty_url)
    with database.write() as conn:
        yield conn
        conn.rollback()
    database.dispose()


@pytest.mark.parametrize(("before", "after"), [*BOUND, (EXPAND_ONLY_AFTER, "head")])
def test_the_program_before_a_revision_goes_on_beside_it(conn, before, after):
    upgrade_to(conn, before)
    tables = known_tables(conn)
    upgrade_to(conn, after)
    assert contractions(tables, conn) == []
    run_statements(conn, tables)


def add_a_duty(op):
    op.add_column("ledger", sa.Column("duty", sa.Text(), nullable=False, server_default=""))
    op.add_column("vault", sa.Column("motto", sa.Text()))
    op.create_table("extra", sa.Column("id", sa.Text(), sa.ForeignKey("vault.id"), primary_key=True))
    op.create_index("ix_extra", "vault", ["name"])


def test_an_expanding_revision_is_let_through(conn):
    upgrade_to(conn, "head")
    tables = known_tables(conn)
    add_a_duty(Operations(MigrationContext.configure(conn)))
    assert contractions(tables, conn) == []
    run_statements(conn, tables)


def must_be_given(op):
    with op.batch_alter_table("worker") as batch:
        batch.add_column(sa.Column("host", sa.Text(), nullable=False))


def must_be_known(op):
    with op.batch_alter_table("vault_tag") as batch:
        batch.create_unique_constraint("uq_one_tag", ["project_id"])


def no_longer_null(op):
    with op.batch_alter_table("ledger") as batch:
        batch.alter_column("upstream_id", nullable=False)


def retyped(op):
    with op.batch_alter_table("leader") as batch:
        batch.alter_column("expires_at", type_=sa.Integer())


@pytest.mark.parametrize(
    ("revision", "told", "statements_fail"),
    [
        (lambda op: op.drop_table("draft"), "draft is gone", True),
        (lambda op: op.rename_table("draft", "sketch"), "draft is gone", True),
        (lambda op: op.drop_column("vault", "locked"), "vault.locked is gone", True),
        (
            lambda op: (
                op.alter_column("project_key", "wrapped", new_column_name="sealed")
                if op.get_context().dialect.name == "postgresql"
                else op.execute("ALTER TABLE project_key RENAME COLUMN wrapped TO sealed")
            ),
            "project_key.wrapped is gone",
            True,
        ),
        (must_be_given, "worker.host is new and must be given", True),
        (no_longer_null, "ledger.upstream_id must not be NULL any more", False),
        (retyped, "leader.expires_at is of another type", False),
        (must_be_known, "vault_tag has a new uniqueness over ['project_id']", False),
    ],
)
def test_a_contracting_revision_is_caught(conn, revision, told, statements_fail):
    upgrade_to(conn, "head")
    tables = known_tables(conn)
    revision(Operations(MigrationContext.configure(conn)))
    assert told in contractions(tables, conn)
    if statements_fail:
        with pytest.raises(sa.exc.DBAPIError):
            run_statements(conn, tables)


def test_the_last_revision_before_the_rule_is_one_that_it_forbids(conn):
    upgrade_to(conn, "0002")
    tables = known_tables(conn)
    upgrade_to(conn, "0003")
    found = contractions(tables, conn)
    assert {"vault.tags is gone", "backup.cinder_backup_id is gone"} <= set(found)


def test_tags_and_objects_of_an_older_database_become_rows(conn):
    upgrade_to(conn, "0002")
    tables = {table.name: table for table in known_tables(conn)}
    conn.execute(tables["vault"].insert(), [a_row(tables["vault"], tags=[["k", "v"], ["a", ""]])])
    conn.execute(tables["checkpoint"].insert(), [a_row(tables["checkpoint"])])
    disk = {"resource_type": "OS::Cinder::Volume", "stored_mb": 7}
    unmade = {"cinder_backup_id": None, "based_on": None, "is_incremental": False}
    rows = [
        {"id": "x", "cinder_backup_id": "one", "based_on": None, "is_incremental": False},
        {"id": "y", "cinder_backup_id": "two", "based_on": "x"},
        {"id": "z", **unmade},
    ]
    for row in rows:
        conn.execute(tables["backup"].insert(), [a_row(tables["backup"], **disk, **row)])
    conn.execute(tables["ledger"].insert(), [a_row(tables["ledger"])])

    upgrade_to(conn, "head")

    assert vaults.get(conn, "x", "x", lock=False) is None, "it is held"
    conn.execute(sa.text("UPDATE vault SET held_at = NULL"))
    assert vaults.get(conn, "x", "x").tags == (("k", "v"), ("a", ""))
    found = [disk_backups.get(conn, "x", one) for one in "xyz"]
    assert [one.cinder_backup_id for one in found] == ["one", "two", None]
    assert [one.is_incremental for one in found] == [False, True, False]
    assert [one.based_on for one in found] == [None, "x", None]
    assert vaults.usage(conn, ["x"])["x"].used_mb == 21
    disk_backups.note(conn, "x", "y", stored_mb=8, now=found[1].created_at)
    assert vaults.usage(conn, ["x"])["x"].used_mb == 22
    assert [one.region for one in ledger.all(conn)] == [""]


def test_a_schema_of_a_newer_program_is_named(empty_url):
    database = Database(empty_url)
    database.upgrade()
    with database.write() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for ask in (database.schema_is_current, database.upgrade):
        with pytest.raises(NewerSchema, match=r"newer opencbr \(revision 9999\): install that version"):
            ask()
    database.dispose()
