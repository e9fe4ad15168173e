"""Held backups when two jobs come to them at once."""

import threading
from datetime import UTC, datetime

import pytest

from opencbr.jobs import backup_chains
from opencbr.store import backups
from opencbr.store.database import Database
from store.samples import PROJECT, backup, disk, keep, kept_vault

HELD = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.dispose()


def test_only_a_held_disk_that_nothing_is_based_on_may_be_removed(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        top = backup(point, held_at=HELD)
        base = disk(top, held_at=HELD)
        alone = disk(top, held_at=HELD)
        user = backup(point)
        based = disk(user, based_on=base.id, is_incremental=True)
        keep(conn, top, base, alone, user, based)
        assert backup_chains._claim(conn, alone) == []
        assert backup_chains._claim(conn, base) is None, "an incremental needs it"
        assert backup_chains._claim(conn, based) is None, "its user has it"
        backups.delete(conn, PROJECT, based.id)
        assert backup_chains._claim(conn, base) == []
        backups.delete(conn, PROJECT, base.id)
        assert backup_chains._claim(conn, base) is None, "it is gone"


def test_of_two_that_remove_the_last_disks_of_a_held_backup_one_takes_it_along(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        top = backup(point, held_at=HELD)
        disks = [disk(top, held_at=HELD, position=number) for number in range(2)]
        keep(conn, top, *disks)

    def settle(one):
        with database.write() as conn:
            backup_chains._write_settled(conn, one)

    rival = threading.Thread(target=settle, args=(disks[1],))
    with database.write() as conn:
        backup_chains._write_settled(conn, disks[0])
        rival.start()
        rival.join(0.5)
    rival.join()
    with database.read() as conn:
        assert backups.get(conn, PROJECT, top.id, held=True) is None
