"""What holds a disk's backup in the cloud: an object in each region, chains within one, space over all."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from opencbr.store import backups, disk_backups, tables, vaults
from store.samples import NOW, OTHER, PROJECT, backup, disk, ident, keep, kept_vault

FAR = "region-far"


def objects(conn, backup_id):
    table = tables.volume_backup
    query = select(table.c.region, table.c.cinder_backup_id).where(table.c.backup_id == backup_id)
    return dict(conn.execute(query).all())


def test_objects_of_two_regions_stand_side_by_side(database):
    with database.write() as conn:
        home, point = kept_vault(conn)
        one = disk(point, cinder_backup_id="here", stored_mb=100)
        keep(conn, one)
        later = NOW + timedelta(hours=1)
        disk_backups.note(
            conn, PROJECT, one.id, region=FAR, cinder_backup_id="there", stored_mb=30, now=later
        )
        assert objects(conn, one.id) == {"": "here", FAR: "there"}
        near, far = (disk_backups.get(conn, PROJECT, one.id, region=region) for region in ("", FAR))
        assert (near.cinder_backup_id, far.cinder_backup_id) == ("here", "there")
        assert near.updated_at == later
        assert near.stored_mb == vaults.usage(conn, [home.id])[home.id].used_mb == 130
        assert disk_backups.of_object(conn, PROJECT, one.resource_id, "there") is None
        assert disk_backups.of_object(conn, PROJECT, one.resource_id, "there", region=FAR) == far

        disk_backups.forget(conn, PROJECT, one.id, now=later)
        assert objects(conn, one.id) == {FAR: "there"}
        assert disk_backups.latest(conn, PROJECT, one.resource_id) is None
        assert disk_backups.latest(conn, PROJECT, one.resource_id, region=FAR).id == one.id
        assert vaults.usage(conn, [home.id])[home.id].used_mb == 30


def test_a_chain_stays_within_its_region_and_needs_what_any_region_needs(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        full, middle, last = disk(point), disk(point), disk(point)
        keep(conn, full, middle, last)
        disk_backups.note(conn, PROJECT, middle.id, based_on=full.id, now=NOW)
        disk_backups.note(conn, PROJECT, last.id, region=FAR, based_on=middle.id, now=NOW)
        disk_backups.note(conn, PROJECT, middle.id, region=FAR, is_incremental=False, now=NOW)
        assert disk_backups.chain_length(conn, PROJECT, middle.id) == 2
        assert disk_backups.chain_length(conn, PROJECT, last.id) == 1
        assert disk_backups.chain_length(conn, PROJECT, last.id, region=FAR) == 2
        assert disk_backups.has_dependents(conn, PROJECT, middle.id)
        backups.update(conn, PROJECT, middle.id, held_at=NOW)
        backups.update(conn, PROJECT, full.id, held_at=NOW)
        assert disk_backups.unneeded(conn) == []
        disk_backups.forget(conn, PROJECT, last.id, region=FAR, now=NOW)
        assert [one.id for one in disk_backups.unneeded(conn, PROJECT)] == [middle.id]


def test_nothing_is_noted_for_another_project_and_nothing_outlives_the_backup(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        parent = backup(point)
        one = disk(parent)
        keep(conn, parent, one)
        disk_backups.note(conn, OTHER, one.id, region=FAR, cinder_backup_id="stolen", now=NOW)
        disk_backups.note(conn, PROJECT, ident(), cinder_backup_id="of none", now=NOW)
        disk_backups.forget(conn, OTHER, one.id, now=NOW)
        assert objects(conn, one.id) == {"": one.cinder_backup_id}
        assert [found.id for found in disk_backups.of_backup(conn, PROJECT, parent.id)] == [one.id]
        assert disk_backups.get(conn, PROJECT, parent.id) is None, "a server's backup is no disk's"
        assert backups.delete(conn, PROJECT, parent.id)
        assert conn.execute(select(tables.volume_backup)).all() == []


def test_one_that_was_only_planned_has_no_object(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        parent, one = disk(point), disk(point, cinder_backup_id=None)
        keep(conn, parent, one)
        disk_backups.note(conn, PROJECT, one.id, based_on=parent.id, is_incremental=True, now=NOW)
        found = disk_backups.get(conn, PROJECT, one.id)
        assert (found.cinder_backup_id, found.is_incremental, found.based_on) == (None, True, parent.id)
        assert disk_backups.latest(conn, PROJECT, one.resource_id) is None


@pytest.mark.parametrize("region", ["", FAR])
def test_a_disk_without_any_object_is_read_all_the_same(database, region):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one = disk(point, cinder_backup_id=None)
        keep(conn, one)
        assert disk_backups.get(conn, PROJECT, one.id, region=region) == one
