"""Backups: what is seen, what is held, how they move, how they hang together."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from opencbr.model.backup import MOVES
from opencbr.model.lists import BackupFilter, Page
from opencbr.records import draft_rows
from opencbr.store import backups, checkpoints, disk_backups, tables, vaults
from store.samples import NOW, OTHER, PROJECT, backup, disk, ident, keep, kept_vault, plain

WHOLE = Page(1000)


def test_a_backup_comes_back_as_it_went_in(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one = backup(
            point,
            description="d",
            extend_info={"bootable": None, "os_images_data": [{"image_id": "\0"}], "progress": 0.5},
            protected_at=NOW,
            expired_at=NOW + timedelta(days=1),
            verdict="partial",
            resource_az="az",
        )
        child = disk(one, stored_mb=1 << 40, based_on=ident(), is_incremental=True, position=3)
        keep(conn, one, child)
    with database.read() as conn:
        assert backups.get(conn, PROJECT, one.id) == one
        assert disk_backups.get(conn, PROJECT, child.id) == child
        assert backups.get(conn, OTHER, one.id) is None
        assert backups.children(conn, OTHER, [one.id]) == {one.id: []}


def test_children_come_in_the_order_of_the_disks(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        parent, other = backup(point), backup(point)
        keep(conn, parent, other)
        disks = [disk(parent, position=position) for position in (2, 0, 1)]
        keep(conn, *disks)
        found = backups.children(conn, PROJECT, [parent.id, other.id])
    assert found == {parent.id: [plain(disks[at]) for at in (1, 2, 0)], other.id: []}


def test_held_backups_are_seen_only_by_those_who_ask(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        held = backup(point, held_at=NOW, status="available")
        child = disk(held, held_at=NOW)
        keep(conn, held, child)
        assert backups.get(conn, PROJECT, held.id) is None
        assert backups.get(conn, PROJECT, held.id, held=True) == held
        assert backups.children(conn, PROJECT, [held.id]) == {held.id: []}
        assert backups.children(conn, PROJECT, [held.id], held=True) == {held.id: [plain(child)]}
        assert backups.of_checkpoint(conn, PROJECT, point.id) == []
        assert backups.of_checkpoint(conn, PROJECT, point.id, held=True) == [held]
        for wanted in (
            BackupFilter(),
            BackupFilter(parent_ids=(held.id,)),
            BackupFilter(statuses=("available",)),
        ):
            assert backups.list(conn, PROJECT, wanted, WHOLE).count == 0
        assert disk_backups.latest(conn, PROJECT, child.resource_id) == child


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (BackupFilter(), "abc"),
        (BackupFilter(names=("a", "c")), "ac"),
        (BackupFilter(statuses=("available",)), "a"),
        (BackupFilter(statuses=("error",)), "b"),
        (BackupFilter(statuses=("error", "available")), "ab"),
        (BackupFilter(statuses=("no such",)), ""),
        (BackupFilter(image_types=("replication",)), ""),
        (BackupFilter(resource_azs=("az-1",)), "a"),
        (BackupFilter(resource_ids=("r-b", "r-c")), "bc"),
        (BackupFilter(resource_ids=("r-child",)), ""),
        (BackupFilter(resource_names=("web\0",)), ""),
        (BackupFilter(resource_types=("OS::Cinder::Volume",)), "c"),
        (BackupFilter(incremental=True), "ac"),
        (BackupFilter(incremental=False), "b"),
        (BackupFilter(created_from=NOW + timedelta(seconds=1)), "bc"),
        (BackupFilter(created_to=NOW + timedelta(seconds=1)), "ab"),
        (BackupFilter(created_from=NOW + timedelta(seconds=1), created_to=NOW + timedelta(seconds=1)), "b"),
        (BackupFilter(created_from=NOW + timedelta(microseconds=1), created_to=NOW), ""),
        (BackupFilter(vault_ids=("none",)), ""),
        (BackupFilter(used_percent=50), "abc"),
        (BackupFilter(used_percent=51), ""),
    ],
)
def test_filters(database, wanted, names):
    with database.write() as conn:
        home, point = kept_vault(conn)
        _, foreign = kept_vault(conn, OTHER)
        a = backup(point, name="a", status="available", resource_az="az-1")
        b = backup(
            point,
            name="b",
            status="error",
            incremental=False,
            resource_id="r-b",
            created_at=NOW + timedelta(seconds=1),
        )
        c = disk(
            point, name="c", status="protecting", resource_id="r-c", created_at=NOW + timedelta(seconds=2)
        )
        child = disk(a, name="child", resource_id="r-child", stored_mb=5 * 1024)
        keep(conn, a, b, c, child, backup(foreign, name="a", status="error"))
        page = Page(10, sort=(("name", "asc"),))
        found = backups.list(conn, PROJECT, wanted, page)
        assert "".join(one.name for one in found.items) == names
        assert found.count == len(names)
        assert backups.list(conn, PROJECT, BackupFilter(parent_ids=(a.id,)), page).items == [plain(child)]
        for field, value in (("vault_ids", home.id), ("checkpoint_ids", point.id)):
            both = replace(wanted, **{field: (value,)}) if not wanted.vault_ids else wanted
            assert backups.list(conn, PROJECT, both, page).count == len(names)


@pytest.mark.parametrize("source", [*MOVES])
def test_a_backup_moves_only_where_it_may(database, source):
    with database.write() as conn:
        _, point = kept_vault(conn)
        for target in MOVES:
            one = backup(point, status=source)
            keep(conn, one)
            assert not backups.move(conn, OTHER, one.id, target)
            moved = backups.move(conn, PROJECT, one.id, target, name="moved")
            assert moved == (target in MOVES[source])
            found = backups.get(conn, PROJECT, one.id)
            assert (found.status, found.name) == ((target, "moved") if moved else (source, one.name))
        assert not backups.move(conn, PROJECT, ident(), "error")


def test_a_status_changes_by_moving_alone(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one = backup(point)
        keep(conn, one)
        with pytest.raises(ValueError, match="move"):
            backups.update(conn, PROJECT, one.id, status="available")
        assert backups.update(conn, PROJECT, one.id, held_at=NOW)
        assert backups.update(conn, PROJECT, one.id, name="n")
        assert not backups.update(conn, OTHER, one.id, name="m")
        assert backups.get(conn, PROJECT, one.id, held=True) == replace(one, held_at=NOW, name="n")


def test_what_is_deleted_takes_children_and_drafts_along(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        gone, stays = backup(point), backup(point)
        child = disk(gone)
        keep(conn, gone, stays, child, disk(stays))
        for one in (gone, child, stays):
            draft_rows.put(conn, one.id, "before", b"sealed")
        assert not backups.delete(conn, OTHER, gone.id)
        assert draft_rows.get(conn, gone.id, "before")
        assert backups.delete(conn, PROJECT, gone.id)
        assert not backups.delete(conn, PROJECT, gone.id)
        assert backups.get(conn, PROJECT, child.id) is None
        assert [draft_rows.get(conn, one.id, "before") for one in (gone, child, stays)] == [
            None,
            None,
            b"sealed",
        ]
        assert len(backups.children(conn, PROJECT, [stays.id])[stays.id]) == 1


def test_of_two_that_take_the_last_backups_of_a_checkpoint_at_once_one_takes_it_along(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one, other = backup(point), backup(point)
        keep(conn, one, other)
    ended, deleted = [], threading.Event()

    def end(backup_id, ready):
        with database.write() as conn:
            backups.delete(conn, PROJECT, backup_id)
            ready()
            ended.append(checkpoints.delete_if_empty(conn, PROJECT, point.id))

    rival = threading.Thread(target=end, args=(other.id, deleted.set))

    def race():
        rival.start()
        deleted.wait(0.5)  # SQLite lets nobody else write meanwhile

    end(one.id, race)
    rival.join()
    assert sorted(ended) == [False, True]
    with database.read() as conn:
        assert checkpoints.get(conn, PROJECT, point.id) is None


def test_an_incremental_can_be_built_on_the_newest_with_an_object_alone(database, ticks):
    with database.write() as conn:
        _, point = kept_vault(conn)
        volume = ident()
        parent = backup(point)
        keep(conn, parent)

        def add(**fields):
            one = disk(parent, resource_id=volume, created_at=next(ticks), **fields)
            keep(conn, one)
            return one

        assert disk_backups.latest(conn, PROJECT, volume) is None
        old = add()
        add(status="error", cinder_backup_id=None)
        add(status="protecting", cinder_backup_id=None)
        add(resource_type="OS::Nova::Server")
        assert disk_backups.latest(conn, PROJECT, volume) == old
        going = add(status="deleting")
        assert disk_backups.latest(conn, PROJECT, volume) == going, "Cinder would take none that is older"
        held = add(status="deleting", held_at=NOW)
        assert disk_backups.latest(conn, PROJECT, volume) == held
        busy = add(status="restoring")
        assert disk_backups.latest(conn, PROJECT, volume) == busy
        assert disk_backups.latest(conn, OTHER, volume) is None


@given(bases=st.lists(st.integers(0, 8), max_size=8))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_chains_are_counted_back_to_the_full_one(database, bases):
    """Each number is the backup that the next one is built on; 0 and numbers not made yet are none."""
    project = ident()
    with database.write() as conn:
        _, point = kept_vault(conn, project)
        made = [disk(point)]
        for index, base in enumerate(bases, start=1):
            based_on = made[base].id if 0 < base < index else None
            made.append(disk(point, based_on=based_on, held_at=NOW if index % 3 == 0 else None))
        keep(conn, *made)
        by_id = {one.id: one for one in made}

        def length(one):
            return 1 if one.based_on is None else 1 + length(by_id[one.based_on])

        for one in made:
            assert disk_backups.chain_length(conn, project, one.id) == length(one)
            expected = {other.id for other in made if other.based_on == one.id}
            assert disk_backups.has_dependents(conn, project, one.id) == bool(expected)
            assert not disk_backups.has_dependents(conn, OTHER, one.id)
        assert disk_backups.chain_length(conn, OTHER, made[0].id) == 0
        assert disk_backups.chain_length(conn, project, ident()) == 0


def test_a_circle_in_a_chain_ends_all_the_same(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one, two = ident(), ident()
        keep(conn, disk(point, id=one, based_on=two), disk(point, id=two, based_on=one))
        assert disk_backups.chain_length(conn, PROJECT, one) == 2


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (BackupFilter(), "ix_backup_list"),
        (BackupFilter(vault_ids=("v",)), "ix_backup_vault"),
        (BackupFilter(resource_ids=("r",)), "ix_backup_resource"),
        (BackupFilter(statuses=("error",)), "ix_backup_unusual"),
    ],
)
def test_pages_behind_a_marker_come_from_an_index(tmp_path, wanted, index):
    """What the driver is sent is caught and explained: a deep page searches an index and sorts nothing."""
    from sqlalchemy import event

    from opencbr.store.database import Database

    database = Database(f"sqlite:///{tmp_path / 'plan.db'}")
    database.upgrade()
    sent = []
    with database.write() as conn:
        _, point = kept_vault(conn)
        keep(conn, *[backup(point, created_at=NOW + timedelta(seconds=n)) for n in range(50)])
        marker = backups.list(conn, PROJECT, BackupFilter(), Page(10)).items[-1].id
        event.listen(conn, "before_cursor_execute", lambda *args: sent.append((args[2], args[3])))
        backups.list(conn, PROJECT, wanted, Page(10, 0, marker))
        statement, parameters = next(one for one in sent if "LIMIT" in one[0])
        plan = [row[-1] for row in conn.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
    assert len(plan) == 1, plan
    assert f"USING INDEX {index} " in plan[0]
    assert "(created_at,id)<(?,?)" in plan[0]


def test_the_store_counts_no_more_than_it_has(database):
    with database.write() as conn:
        home, point = kept_vault(conn)
        keep(conn, *[backup(point) for _ in range(5)])
        assert backups.list(conn, PROJECT, BackupFilter(), Page(5)).count == 5
        assert backups.list(conn, PROJECT, BackupFilter(), Page(5, 99)).count == 5
        assert conn.execute(select(func.count()).select_from(tables.backup)).scalar_one() == 5
        assert vaults.get(conn, PROJECT, home.id) is not None
