"""Transactions: all or nothing, retried when the database asks for it, times to the microsecond."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from opencbr.store import settings, vaults
from opencbr.store.database import Database
from store.samples import PROJECT, vault


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
        settings.put(conn, "k", "old")
    with database.read() as reader:
        assert settings.get(reader, "k") == "old"
        with database.write() as conn:
            settings.put(conn, "k", "new")
        assert settings.get(reader, "k") == "old"
    with database.read() as reader:
        assert settings.get(reader, "k") == "new"


@pytest.mark.postgres
def test_a_reader_cannot_write_on_postgres(postgres_url):
    database = Database(postgres_url)
    database.upgrade()
    with pytest.raises(DBAPIError), database.read() as conn:
        settings.put(conn, "k", "v")


def test_counting_up_from_many_threads_loses_nothing(database):
    with database.write() as conn:
        settings.put(conn, "n", "0")

    def count(conn):
        lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
        value = conn.execute(text(f"SELECT value FROM settings WHERE key = 'n'{lock}")).scalar_one()
        settings.put(conn, "n", str(int(value) + 1))

    def work():
        for _ in range(10):
            database.transact(count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as conn:
        assert settings.get(conn, "n") == "40"


@pytest.mark.postgres
def test_a_deadlock_is_tried_again(postgres_url):
    waits = []
    database = Database(postgres_url, sleep=waits.append)
    database.upgrade()
    with database.write() as conn:
        settings.put(conn, "a", "")
        settings.put(conn, "b", "")
    both_hold_one = threading.Barrier(2)
    attempts = {"ab": 0, "ba": 0}

    def cross(order):
        def change(conn):
            attempts[order] += 1
            settings.put(conn, order[0], order)
            if attempts[order] == 1:
                both_hold_one.wait(timeout=20)
            settings.put(conn, order[1], order)

        database.transact(change)

    threads = [threading.Thread(target=cross, args=(order,)) for order in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The loser may lose again before the other gets on: each loss is one wait and one more attempt.
    assert len(waits) == sum(attempts.values()) - 2 > 0
    with database.read() as conn:
        assert settings.get(conn, "a") == settings.get(conn, "b") != ""


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
