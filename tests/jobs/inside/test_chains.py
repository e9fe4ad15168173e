"""Chains of incrementals: what is held goes with the last that needs it, however the deletions meet."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from opencbr.jobs import chains, janitor, rounds
from opencbr.store import record_links, record_rows, resources
from opencbr.store.database import Database
from support.deeds import Gate, backed_up, disk_of, rows, site_of
from support.yard import Yard

pytestmark = pytest.mark.usefixtures("worker")


def tenants_own(yard: Yard, ours: str | None) -> str:
    """A tenant's own incremental on a backup of ours, as Cinder chose it; its id."""
    state = yard.demo.backend.state
    with state.change():
        (doc,) = (doc for doc in state.all("backup") if doc["id"] == ours)
        own = doc | {"id": "f" * 8 + doc["id"][8:], "name": "mine", "parent_id": doc["id"]}
        state.put("backup", own)
    return str(own["id"])


def drop(yard: Yard, upstream_id: str) -> None:
    with yard.demo.backend.state.change():
        yard.demo.backend.state.drop("backup", upstream_id)


def test_two_deletions_along_one_chain_at_once_leave_nothing(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent's deletion has seen that two of its disks are needed when the backup that needs them goes."""
    bound = yard.bind("db1")
    (parent,) = backed_up(yard, bound)
    with yard.database.write() as conn:
        assert resources.update(
            conn, yard.project_id, bound.id, exclude_volumes=[yard.volume_id("db1-archive")]
        )
    (child,) = backed_up(yard, bound)
    gate = Gate(monkeypatch, disk_of(yard, parent, "archive").cinder_backup_id)
    deletion = yard.order_delete(parent)
    gate.begun()
    yard.succeeded(yard.order_delete(child))
    gate.open()
    yard.succeeded(deletion)
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_new_backup_does_not_build_on_a_held_one_that_is_on_its_way_out(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = yard.bind("web1")
    first, second = backed_up(yard, bound, 2)
    yard.succeeded(yard.order_delete(first))
    gate = Gate(monkeypatch, disk_of(yard, first).cinder_backup_id)
    deletion = yard.order_delete(second)
    gate.begun()
    (third,) = backed_up(yard, bound)
    assert (disk_of(yard, third).is_incremental, disk_of(yard, third).based_on) == (False, None)
    gate.open()
    yard.succeeded(deletion)
    assert rows(yard) == 2, "the new backup and its disk"
    yard.assert_nothing_left(backups_left=1)


def test_the_janitor_removes_a_held_backup_when_the_tenants_own_incremental_has_gone(yard: Yard) -> None:
    (backup,) = backed_up(yard, yard.bind("db1-data", "disk"))
    own = tenants_own(yard, disk_of(yard, backup).cinder_backup_id)
    yard.succeeded(yard.order_delete(backup))
    rounds.go_round(site_of(yard))
    assert janitor.take_stock(yard.database, yard.cloud).unneeded == (), "Cinder says that it is needed"
    assert yard.backup(backup, held=True) is not None
    drop(yard, own)
    (found,) = janitor.take_stock(yard.database, yard.cloud).unneeded
    assert found.backup_id == backup
    rounds.go_round(site_of(yard))
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_later_deletion_of_the_volume_takes_along_what_was_left_held(yard: Yard) -> None:
    bound = yard.bind("db1-data", "disk")
    (first,) = backed_up(yard, bound)
    own = tenants_own(yard, disk_of(yard, first).cinder_backup_id)
    yard.succeeded(yard.order_delete(first))
    drop(yard, own)
    (second,) = backed_up(yard, bound)
    yard.succeeded(yard.order_delete(second))
    assert rows(yard) == 0
    yard.assert_nothing_left()


def stuck_incremental(yard: Yard) -> tuple[str, str]:
    """A full backup, and a failed incremental on it whose Cinder backup could not be removed."""
    bound = yard.bind("web1")
    (parent,) = backed_up(yard, bound)
    faults = yard.demo.faults
    faults.inject(
        service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", status=403, times=0, after=2
    )
    faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    order = yard.order_backup(bound)
    log = yard.ended(order)
    assert log.status == "failed"
    assert "still in the cloud: backup" in log.error_message
    assert log.details["left_in_cloud"]
    faults.clear()
    failed = order.backup_id or ""
    assert disk_of(yard, failed).based_on == disk_of(yard, parent).id, "its object stands on the parent's"
    assert disk_of(yard, failed).status == "error"
    return parent, failed


def test_a_failed_incremental_needs_its_parent_while_its_object_stands(yard: Yard) -> None:
    parent, failed = stuck_incremental(yard)
    yard.succeeded(yard.order_delete(parent))
    assert yard.backup(parent, held=True) is not None
    yard.succeeded(yard.order_delete(failed))
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_the_janitor_removes_what_a_failed_job_left_and_the_parent_held_for_it(yard: Yard) -> None:
    parent, failed = stuck_incremental(yard)
    yard.succeeded(yard.order_delete(parent))
    rounds.go_round(site_of(yard))
    assert yard.backup(parent, held=True) is None
    kept = yard.backup(failed)
    assert kept is not None
    assert kept.status == "error"
    yard.assert_nothing_left()


def test_a_deleted_backup_in_the_middle_leaves_the_chain_of_records_unbroken(yard: Yard) -> None:
    bound = yard.bind("web1")
    first, second, third = backed_up(yard, bound, 3)
    yard.succeeded(yard.order_delete(second))
    with yard.database.read() as conn:
        links = record_links.chain(conn, yard.project_id, bound.id)
        assert [record_rows.get(conn, yard.project_id, one) is None for one in (first, second, third)] == [
            False,
            True,
            False,
        ]
    assert [link.backup_id for link in links] == [first, second, third]
    assert [link.sequence for link in links] == [1, 2, 3]
    assert [link.buried_at is not None for link in links] == [False, True, False]
    assert [link.previous for link in links] == [None, links[0].digest, links[1].digest]


def test_a_stuck_deletion_keeps_record_and_link(yard: Yard) -> None:
    bound = yard.bind("web1")
    (backup,) = backed_up(yard, bound)
    yard.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    assert yard.ended(yard.order_delete(backup)).status == "failed"
    with yard.database.read() as conn:
        assert record_rows.get(conn, yard.project_id, backup) is not None
        (link,) = record_links.chain(conn, yard.project_id, bound.id)
    assert link.buried_at is None


def test_a_removal_walks_from_the_newest_to_the_oldest(yard: Yard) -> None:
    bound = yard.bind("web1")
    copies = [disk_of(yard, one).cinder_backup_id for one in backed_up(yard, bound, 3)]
    yard.succeeded(yard.order_removal(bound))
    deleted = [row.path.rsplit("/", 1)[1] for row in yard.demo.calls.find("volume", "DELETE", "/backups/")]
    assert deleted == copies[::-1]


def test_a_volume_in_a_server_vault_and_a_disk_vault_is_one_chain(yard: Yard) -> None:
    """Cinder builds on the newest backup of a volume, whichever vault that is in, and we note what it did."""
    server, disk = yard.bind("db1"), yard.bind("db1-data", "disk")
    made = []
    for _ in range(2):
        orders = [yard.order_backup(server), yard.order_backup(disk)]
        for order in orders:
            yard.succeeded(order)
            made.append(order.backup_id or "")
    parents = {doc["id"]: doc["parent_id"] for doc in yard.upstream("backup")}
    copies = [row for one in made for row in (yard.disks(one) or [disk_of(yard, one)])]
    ours = {row.id: row.cinder_backup_id for row in copies}
    assert {row.cinder_backup_id: ours.get(row.based_on or "") for row in copies} == parents
    for one in made:
        yard.succeeded(yard.order_delete(one))
    assert rows(yard) == 0
    yard.assert_nothing_left()


@pytest.mark.parametrize("function", ["_write_erased", "_claim", "_write_settled"])
def test_a_step_cut_off_right_after_its_commit_is_taken_up_where_it_was(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """As when the worker dies there (`tests/crash`), without a janitor that could mend it."""
    bound = yard.bind("web1")
    first, second, third = backed_up(yard, bound, 3)
    for one in (first, second):
        yard.succeeded(yard.order_delete(one))
    real_function, real_transact, reached = getattr(chains, function), Database.transact, []

    def marked(*args: Any, **kwargs: Any) -> Any:
        reached.append(function)
        return real_function(*args, **kwargs)

    def transact(self: Database, fn: Callable[[Connection], Any]) -> Any:
        result = real_transact(self, fn)
        if len(reached) == 1:
            reached.append("cut off")
            raise OperationalError("COMMIT", {}, Exception("the connection was lost"))
        return result

    monkeypatch.setattr(chains, function, marked)
    monkeypatch.setattr(Database, "transact", transact)
    yard.succeeded(yard.order_delete(third))
    assert "cut off" in reached
    assert rows(yard) == 0
    yard.assert_nothing_left()
