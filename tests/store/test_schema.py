"""The migrated schema is the one the tables describe, and the upgrade is safe to run whenever."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from opencbr.store.database import Database
from opencbr.store.errors import UnsupportedDatabase
from opencbr.store.tables import metadata

SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
POSTGRES = (
    """SELECT table_name, column_name, ordinal_position, data_type, is_nullable, collation_name,
       column_default FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name <> 'alembic_version'
    """,
    """SELECT tablename, indexname, indexdef FROM pg_indexes
       WHERE schemaname = 'public' AND tablename <> 'alembic_version'""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'""",
)


def shape(url: str) -> set[tuple]:
    engine = create_engine(url)
    queries = (SQLITE,) if engine.dialect.name == "sqlite" else POSTGRES
    with engine.connect() as conn:
        found = {
            tuple(
                re.sub(r"\s+", " ", value).replace('"', "") if isinstance(value, str) else value
                for value in row
            )
            for query in queries
            for row in conn.execute(text(query))
        }
    engine.dispose()
    return found


def compare(migrated_url: str, described_url: str) -> None:
    Database(migrated_url).upgrade()
    engine = create_engine(described_url)
    metadata.create_all(engine)
    engine.dispose()
    migrated, described = shape(migrated_url), shape(described_url)
    assert migrated == described
    assert len(migrated) > 20  # it did look


def test_migrated_schema_is_the_described_one_on_sqlite(tmp_path):
    compare(f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}")


@pytest.fixture
def second_postgres_url(postgres_url):
    from support.postgres import fresh_database

    with fresh_database(postgres_url) as url:
        yield url


@pytest.mark.postgres
def test_migrated_schema_is_the_described_one_on_postgres(postgres_url, second_postgres_url):
    compare(postgres_url, second_postgres_url)


def test_upgrade_says_what_it_did_and_does_it_once(empty_url):
    empty_database = Database(empty_url)
    assert empty_database.check()
    assert not empty_database.schema_is_current()
    assert empty_database.upgrade() == ["0001", "0002", "0004", "0005"]
    assert empty_database.schema_is_current()
    assert empty_database.upgrade() == []
    empty_database.dispose()


def test_signers_written_as_digits_become_bytes(empty_url):
    from alembic import command
    from alembic.config import Config

    from opencbr.store import schema

    signers = ["0a" * 32, "ff" * 32, "0a" * 32]
    columns = "project_id, key_id, dictionary_id, answer, secrets, documents, digest, signature, sequence"
    database = Database(empty_url)
    with database.write() as conn:
        config = Config()
        config.set_main_option("script_location", str(schema._FOLDER))
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        # The rows have no backups, and are taken back at the end.
        if database.dialect == "postgresql":
            conn.execute(text("ALTER TABLE record DROP CONSTRAINT fk_record_backup_id"))
        else:
            conn.execute(text("PRAGMA defer_foreign_keys = ON"))
        for number, signer in enumerate(signers):
            values = {"id": str(number), "blob": b"\x00", "signer": signer}
            conn.execute(
                text(
                    f"INSERT INTO record (backup_id, signer, {columns}) "
                    "VALUES (:id, :signer, 'p', '1', 'record-1', :blob, :blob, :blob, :blob, :blob, 1)"
                ),
                values,
            )
        schema.upgrade_schema(conn)
        found = conn.execute(text("SELECT signer FROM record ORDER BY backup_id")).scalars().all()
        conn.rollback()
    assert [bytes(one) for one in found] == [bytes.fromhex(one) for one in signers]
    database.dispose()


def test_objects_in_an_older_ledger_are_told_apart_by_their_backups(empty_url):
    from alembic import command
    from alembic.config import Config

    from opencbr.store import ledger, schema

    database = Database(empty_url)
    with database.write() as conn:
        config = Config()
        config.set_main_option("script_location", str(schema._FOLDER))
        config.attributes["connection"] = conn
        command.upgrade(config, "0002")
        for number in range(2):
            conn.execute(
                text(
                    "INSERT INTO ledger (id, project_id, operation_log_id, kind, name, volume_id, backup_id, state,"
                    " created_at, updated_at) VALUES (:id, 'p', 'log', 'backup', :id, 'v', :backup, 'made',"
                    " '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')"
                ),
                {"id": f"id-{number}", "backup": f"b-{number}"},
            )
        schema.upgrade_schema(conn)
        found = [ledger.get(conn, "log", "backup", f"b-{number}") for number in range(2)]
    assert [one and one.id for one in found] == ["id-0", "id-1"]
    database.dispose()


def upgrade(url: str) -> list[str]:
    return Database(url).upgrade()


def test_processes_that_upgrade_at_once_do_it_once(empty_url):
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(upgrade, [empty_url] * 3))
    assert sorted(done) == [[], [], ["0001", "0002", "0004", "0005"]]


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "no url", ""])
def test_other_databases_are_refused_in_words(url):
    with pytest.raises(UnsupportedDatabase):
        Database(url)


def test_a_database_that_is_not_there_is_said_to_be_so():
    assert not Database("postgresql+psycopg://x:y@127.0.0.1:1/z").check()
