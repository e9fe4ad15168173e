"""Transactions: all or nothing, retried when the database asks for it, times to the microsecond."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from opencbr.model.lists import Page, VaultFilter
from opencbr.store import database as database_module
from opencbr.store import installation, vaults
from opencbr.store.database import Database
from store.samples import PROJECT, vault
from support.postgres import maintenance


def test_what_raises_leaves_nothing(database):
    home = vault()

    def fail(conn):
        vaults.insert(conn, home)
        assert vaults.get(conn, PROJECT, home.id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.transact(fail)
    with database.read() as conn:
        assert vaults.get(conn, PROJECT, home.id) is None


def test_reading_sees_one_moment(database):
    with database.write() as conn:
        installation.put(conn, "k", "old")
    with database.read() as reader:
        assert installation.get(reader, "k") == "old"
        with database.write() as conn:
            installation.put(conn, "k", "new")
        assert installation.get(reader, "k") == "old"
    with database.read() as reader:
        assert installation.get(reader, "k") == "new"


@pytest.mark.postgres
def test_a_reader_cannot_write_on_postgres(postgres_url):
    database = Database(postgres_url)
    database.upgrade()
    with pytest.raises(DBAPIError), database.read() as conn:
        installation.put(conn, "k", "v")


def test_counting_up_from_many_threads_loses_nothing(database):
    with database.write() as conn:
        installation.put(conn, "n", "0")

    def count(conn):
        lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
        value = conn.execute(text(f"SELECT value FROM settings WHERE key = 'n'{lock}")).scalar_one()
        installation.put(conn, "n", str(int(value) + 1))

    def work():
        for _ in range(10):
            database.transact(count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as conn:
        assert installation.get(conn, "n") == "40"


@pytest.mark.postgres
def test_a_deadlock_is_tried_again(postgres_url):
    waits = []
    database = Database(postgres_url, sleep=waits.append)
    database.upgrade()
    with database.write() as conn:
        installation.put(conn, "a", "")
        installation.put(conn, "b", "")
    both_hold_one = threading.Barrier(2)
    attempts = {"ab": 0, "ba": 0}

    def cross(order):
        def change(conn):
            attempts[order] += 1
            installation.put(conn, order[0], order)
            if attempts[order] == 1:
                both_hold_one.wait(timeout=20)
            installation.put(conn, order[1], order)

        database.transact(change)

    threads = [threading.Thread(target=cross, args=(order,)) for order in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The loser may lose again before the other gets on: each loss is one wait and one more attempt.
    assert len(waits) == sum(attempts.values()) - 2 > 0
    with database.read() as conn:
        assert installation.get(conn, "a") == installation.get(conn, "b") != ""


@pytest.mark.postgres
def test_isolation_is_ours_to_choose(postgres_url):
    with maintenance(postgres_url) as connection:
        name = make_url(postgres_url).database
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    database = Database(postgres_url)
    for _ in range(2):  # on one pooled connection, each as if the other had not been there
        for kind, level in ((database.read, "repeatable read"), (database.write, "read committed")):
            with kind() as conn:
                assert conn.execute(text("SHOW transaction_isolation")).scalar_one() == level
    database.dispose()


@pytest.mark.postgres
def test_who_freezes_in_a_transaction_keeps_its_locks_for_a_minute_and_no_longer(postgres_url, monkeypatch):
    database = Database(postgres_url)
    database.upgrade()
    with database.write() as conn:
        installation.put(conn, "k", "")
    with database.read() as conn:
        assert conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
    monkeypatch.setattr(database_module, "IDLE_TIMEOUT_MS", 300)
    frozen = Database(postgres_url)

    def overtaken():
        with frozen.write() as conn:
            installation.put(conn, "k", "frozen")
            with database.write() as other:
                installation.put(other, "k", "other")

    with pytest.raises(DBAPIError) as caught:
        overtaken()
    assert caught.value.connection_invalidated
    with frozen.read() as conn:
        assert installation.get(conn, "k") == "other"
    database.dispose()
    frozen.dispose()


def test_errors_keep_values_to_themselves(database):
    home = vault(name="canary-7261")
    with database.write() as conn:
        vaults.insert(conn, home)
    with pytest.raises(SQLAlchemyError) as caught, database.write() as conn:
        vaults.insert(conn, home)
    assert "canary-7261" not in str(caught.value)


def test_times_keep_their_microseconds_and_lose_their_zone(database):
    made = datetime(2026, 3, 1, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-5)))
    home = vault(created_at=made)
    with database.write() as conn:
        vaults.insert(conn, home)
        found = vaults.get(conn, PROJECT, home.id)
    assert found.created_at == made
    assert found.created_at.tzinfo is UTC
    assert found == home


def test_a_time_without_zone_is_refused(database):
    with pytest.raises(SQLAlchemyError, match="time zone"), database.write() as conn:
        vaults.insert(conn, vault(created_at=datetime(2026, 3, 1)))  # noqa: DTZ001 - the point


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "\0", "\udfff\ud800"])
def test_a_text_that_no_database_holds_is_kept_as_far_as_it_can_be(database, name):
    home = vault(name=name, bind_rules={"tags": [name]})
    with database.write() as conn:
        vaults.insert(conn, home)
        vaults.update(conn, PROJECT, home.id, description=name)
    with database.read() as conn:
        found = vaults.get(conn, PROJECT, home.id)
        assert vaults.list(conn, PROJECT, VaultFilter(names=(name,)), Page(limit=9)).items == []
    kept = name.translate({0: "\ufffd", 0xD800: "\ufffd", 0xDFFF: "\ufffd"})
    assert (found.name, found.description, found.bind_rules) == (kept, kept, home.bind_rules)
