"""Vaults and the resources bound to them."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from opencbr.model.lists import Page, VaultFilter
from opencbr.model.vault import VOLUME, Usage
from opencbr.store import checkpoints, resources, vaults
from opencbr.store.errors import AlreadyBound
from store.samples import (
    NOW,
    OTHER,
    PROJECT,
    backup,
    checkpoint,
    disk,
    ident,
    keep,
    kept_vault,
    resource,
    vault,
)

FULL = {
    "description": "naïve 中文 <>&",
    "object_type": "disk",
    "size_gb": 10485760,
    "bind_rules": {"tags": [{"key": "a", "value": "\0 \ud800"}]},
    "tags": (("k", "v"), ("k2", "")),
    "availability_zone": "az-1",
    "locked": True,
}


def test_a_vault_comes_back_as_it_went_in(database):
    home = vault(**FULL)
    with database.write() as conn:
        vaults.insert(conn, home)
    with database.read() as conn:
        assert vaults.get(conn, PROJECT, home.id) == home
        assert vaults.get(conn, PROJECT, home.id, lock=database.dialect == "sqlite") == home
        assert vaults.get(conn, OTHER, home.id) is None


def test_changes_touch_only_the_projects_own(database):
    home = vault()
    with database.write() as conn:
        vaults.insert(conn, home)
        assert not vaults.update(conn, OTHER, home.id, name="stolen")
        assert not vaults.delete(conn, OTHER, home.id)
        assert vaults.get(conn, PROJECT, home.id) == home
        assert vaults.update(conn, PROJECT, home.id, name="new")
        assert vaults.get(conn, PROJECT, home.id) == replace(home, name="new")
        assert vaults.delete(conn, PROJECT, home.id)
        assert not vaults.delete(conn, PROJECT, home.id)


def test_a_vault_that_holds_something_cannot_go(database):
    with database.write() as conn:
        home, _ = kept_vault(conn)
    with pytest.raises(IntegrityError), database.write() as conn:
        vaults.delete(conn, PROJECT, home.id)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (VaultFilter(), "abc"),
        (VaultFilter(names=("a",)), "a"),
        (VaultFilter(names=("a", "c", "x")), "ac"),
        (VaultFilter(names=("A",)), ""),
        (VaultFilter(names=("a\0", "\ud800")), ""),
        (VaultFilter(names=("a\0", "b")), "b"),
        (VaultFilter(object_types=("disk",)), "b"),
        (VaultFilter(object_types=("disk",), names=("a",)), ""),
        (VaultFilter(statuses=("lock", "frozen")), "c"),
        (VaultFilter(cloud_types=("hybrid",)), ""),
        (VaultFilter(protect_types=("backup",)), "abc"),
        (VaultFilter(resource_ids=("r1", "r2")), "ab"),
        (VaultFilter(resource_ids=("r3",)), ""),
    ],
)
def test_filters(database, wanted, names):
    with database.write() as conn:
        made = {
            "a": vault(name="a"),
            "b": vault(name="b", object_type="disk"),
            "c": vault(name="c", status="lock"),
            "foreign": vault(name="a", project_id=OTHER),
        }
        for one in made.values():
            vaults.insert(conn, one)
        for vault_name, resource_id in (("a", "r1"), ("b", "r2"), ("foreign", "r3")):
            resources.bind(conn, resource(made[vault_name], id=resource_id))
        page = Page(10, sort=(("name", "asc"),))
        found = vaults.list(conn, PROJECT, wanted, page)
        assert "".join(one.name for one in found.items) == names
        assert found.count == len(names)
        by_id = vaults.list(conn, PROJECT, VaultFilter(ids=(made["b"].id, made["foreign"].id)), page)
        assert [one.name for one in by_id.items] == ["b"]


def test_usage_counts_what_is_seen_and_sums_what_is_held(database):
    with database.write() as conn:
        home, point = kept_vault(conn)
        empty = vault()
        vaults.insert(conn, empty)
        server = resource(home, size_gb=40)
        resources.bind(conn, server)
        resources.bind(conn, resource(home, size_gb=2))
        seen = backup(point, resource_id=server.id, status="available")
        held = backup(point, resource_id=server.id, status="available", held_at=NOW)
        alone = disk(point, stored_mb=7, resource_id="vol-1")
        keep(
            conn,
            seen,
            held,
            alone,
            disk(seen, stored_mb=100),
            disk(seen, stored_mb=3_000_000_000),
            disk(held, stored_mb=20, held_at=NOW),
        )
        used = 3_000_000_127
        assert vaults.usage(conn, [home.id, empty.id]) == {
            home.id: Usage(allocated_gb=42, used_mb=used, backup_count=2),
            empty.id: Usage(),
        }
        assert vaults.usage(conn, []) == {}
        assert vaults.summary(conn, PROJECT) == (home.size_gb + empty.size_gb, used)
        assert vaults.summary(conn, OTHER) == (0, 0)
        assert resources.usage(conn, PROJECT, [server.id, "vol-1", "none"]) == {
            server.id: Usage(used_mb=3_000_000_120, backup_count=1),
            "vol-1": Usage(used_mb=7, backup_count=1),
            "none": Usage(),
        }
        assert resources.usage(conn, OTHER, [server.id]) == {server.id: Usage()}


def test_a_resource_is_bound_once(database):
    with database.write() as conn:
        one, two = vault(), vault()
        vaults.insert(conn, one)
        vaults.insert(conn, two)
        bound = resource(one, exclude_volumes=("x",), include_volumes=("y", "z"), type=VOLUME)
        resources.bind(conn, bound)
        with pytest.raises(AlreadyBound) as caught:
            resources.bind(conn, replace(bound, vault_id=two.id))
        assert caught.value.vault_id == one.id
        assert resources.get(conn, PROJECT, bound.id) == bound
        assert resources.get(conn, OTHER, bound.id) is None
        assert resources.of_vaults(conn, PROJECT, [one.id, two.id]) == {one.id: [bound], two.id: []}
        assert resources.update(conn, PROJECT, bound.id, exclude_volumes=())
        assert resources.get(conn, PROJECT, bound.id) == replace(bound, exclude_volumes=())
        assert not resources.unbind(conn, OTHER, bound.id, bound.vault_id)
        assert not resources.unbind(conn, PROJECT, bound.id, "another")
        assert resources.unbind(conn, PROJECT, bound.id, bound.vault_id)
        assert resources.get(conn, PROJECT, bound.id) is None


def race(database, work, count=6):
    """Run `work(conn, number)` in `count` threads at once; returns what each gave."""
    start, results = threading.Barrier(count), [None] * count

    def run(number):
        start.wait(timeout=30)
        results[number] = database.transact(lambda conn: work(conn, number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_that_bind_at_once_one_wins(database):
    with database.write() as conn:
        homes = [vault() for _ in range(6)]
        for one in homes:
            vaults.insert(conn, one)
    wanted = ident()

    def bind(conn, number):
        try:
            resources.bind(conn, resource(homes[number], id=wanted))
        except AlreadyBound as refused:
            return refused.vault_id
        return "mine"

    outcome = race(database, bind)
    with database.read() as conn:
        holder = resources.get(conn, PROJECT, wanted).vault_id
    assert outcome.count("mine") == 1
    assert homes[outcome.index("mine")].id == holder
    assert set(outcome) == {"mine", holder}


def test_of_many_that_want_a_resource_one_gets_it(database):
    with database.write() as conn:
        home, _ = kept_vault(conn)
        bound = resource(home)
        resources.bind(conn, bound)

    def take(conn, _number):
        return resources.set_status(conn, PROJECT, bound.id, "protecting", {"available", "error"})

    assert sorted(race(database, take)) == [False] * 5 + [True]
    with database.write() as conn:
        assert not resources.set_status(conn, OTHER, bound.id, "available")
        assert not resources.set_status(conn, PROJECT, bound.id, "restoring", set())
        assert resources.set_status(conn, PROJECT, bound.id, "available")
        assert resources.get(conn, PROJECT, bound.id).protect_status == "available"


def test_a_checkpoint_goes_when_it_is_empty(database):
    from opencbr.model.checkpoint import Skipped
    from opencbr.store import backups

    with database.write() as conn:
        home, _ = kept_vault(conn)
        refused = Skipped(id="s", type="t", name="n", code="BackupService.7101", reason="busy")
        asked = checkpoint(home, resources=({"id": "r", "exclude_volumes": ["x"]},), skipped=(refused,))
        checkpoints.insert(conn, asked)
        assert checkpoints.get(conn, PROJECT, asked.id) == asked
        assert checkpoints.get(conn, OTHER, asked.id) is None
        assert checkpoints.of_ids(conn, PROJECT, [asked.id, "none"]) == {asked.id: asked}
        held = backup(asked, held_at=NOW)
        keep(conn, held)
        assert not checkpoints.delete_if_empty(conn, PROJECT, asked.id)
        backups.delete(conn, PROJECT, held.id)
        assert not checkpoints.delete_if_empty(conn, OTHER, asked.id)
        assert checkpoints.delete_if_empty(conn, PROJECT, asked.id)
        assert checkpoints.get(conn, PROJECT, asked.id) is None
