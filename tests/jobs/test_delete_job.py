"""Deleting: along chains, whole resources and vaults, and when the cloud will not."""

import pytest
from sqlalchemy import func, select

from opencbr.jobs import janitor
from opencbr.jobs.kit import Site
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from opencbr.store import checkpoints, tables, vaults
from support.yard import QUICK, Yard

pytestmark = pytest.mark.usefixtures("worker")


def chain(yard: Yard, bound: Resource, length: int) -> list[OperationLog]:
    orders = []
    for _ in range(length):
        orders.append(yard.order_backup(bound))
        yard.succeeded(orders[-1])
    return orders


def rows(yard: Yard) -> int:
    with yard.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(tables.backup)).scalar_one())


def used_mb(yard: Yard, bound: Resource) -> int:
    with yard.database.read() as conn:
        return vaults.usage(conn, [bound.vault_id])[bound.vault_id].used_mb


def test_a_deleted_backup_is_gone_everywhere(yard: Yard) -> None:
    order = yard.order_backup(yard.bind("db1"))
    yard.succeeded(order)
    yard.succeeded(yard.order_delete(order.backup_id or ""))
    assert yard.backup(order.backup_id, held=True) is None
    with yard.database.read() as conn:
        assert checkpoints.get(conn, yard.project_id, order.checkpoint_id or "") is None
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_backup_that_others_need_is_gone_for_the_user_and_kept_underneath(yard: Yard) -> None:
    bound = yard.bind("web1")
    first, second, third = (order.backup_id or "" for order in chain(yard, bound, 3))
    before = used_mb(yard, bound)
    yard.succeeded(yard.order_delete(first))
    assert yard.backup(first) is None
    assert yard.disks(first) == []
    held = yard.backup(first, held=True)
    assert held is not None
    assert held.held_at is not None
    assert used_mb(yard, bound) == before, "its space is still taken"
    assert len(yard.upstream("backup")) == 3

    yard.succeeded(yard.order_delete(second))
    assert yard.backup(second) is None
    assert len(yard.upstream("backup")) == 3

    yard.succeeded(yard.order_delete(third))
    assert rows(yard) == 0, "the last one takes the held ones along"
    yard.assert_nothing_left()


def test_the_newest_of_a_chain_goes_alone(yard: Yard) -> None:
    first, second = (order.backup_id or "" for order in chain(yard, yard.bind("web1"), 2))
    yard.succeeded(yard.order_delete(second))
    kept = yard.backup(first)
    assert kept is not None
    assert kept.status == "available"
    yard.assert_nothing_left(backups_left=1)


def test_the_next_backup_may_build_on_a_held_one(yard: Yard) -> None:
    bound = yard.bind("web1")
    first, second = (order.backup_id or "" for order in chain(yard, bound, 2))
    yard.succeeded(yard.order_delete(first))
    third = chain(yard, bound, 1)[0].backup_id or ""
    assert yard.disks(third)[0].based_on == yard.disks(second)[0].id
    for one in (second, third):
        yard.succeeded(yard.order_delete(one))
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_backup_that_somebody_elses_incremental_needs_is_held_too(yard: Yard) -> None:
    """Cinder chooses parents by itself: a tenant's own incremental may stand on ours."""
    order = yard.order_backup(yard.bind("db1-data", "disk"))
    yard.succeeded(order)
    state = yard.demo.backend.state
    (ours,) = yard.upstream("backup")
    with state.change():
        state.put("backup", ours | {"id": "f" * 8 + ours["id"][8:], "name": "mine", "parent_id": ours["id"]})
    yard.succeeded(yard.order_delete(order.backup_id or ""))
    assert yard.backup(order.backup_id) is None
    held = yard.backup(order.backup_id, held=True)
    assert held is not None
    assert held.held_at is not None
    assert [doc["id"] for doc in yard.upstream("backup") if doc["name"] != "mine"] == [ours["id"]]


def test_a_failed_backup_can_be_deleted(yard: Yard) -> None:
    yard.demo.faults.inject(service="volume", method="POST", path="/snapshots$", status=403, times=0)
    order = yard.order_backup(yard.bind("db1"))
    yard.assert_failed_cleanly(order, "step snapshots: volume POST /snapshots answered 403")
    yard.succeeded(yard.order_delete(order.backup_id or ""))
    assert rows(yard) == 0


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 401}, {"drop": "before"}, {"malformed": True}])
@pytest.mark.parametrize("call", ["GET", "DELETE"])
def test_one_bad_answer_does_not_hurt_a_deletion(yard: Yard, call: str, fault: dict[str, object]) -> None:
    order = yard.order_backup(yard.bind("web1"))
    yard.succeeded(order)
    struck = yard.demo.faults.inject(service="volume", method=call, path="/backups/[0-9a-f-]{36}$", **fault)
    yard.succeeded(yard.order_delete(order.backup_id or ""))
    assert struck.hits == 1
    yard.assert_nothing_left()


def test_a_deletion_that_the_cloud_refuses_can_be_asked_for_again(yard: Yard) -> None:
    order = yard.order_backup(yard.bind("web1"))
    yard.succeeded(order)
    yard.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=503, times=0)
    deletion = yard.order_delete(order.backup_id or "")
    log = yard.ended(deletion)
    assert log.status == "failed"
    assert "answered 503 (req-" in log.error_message
    backup = yard.backup(order.backup_id)
    assert backup is not None
    assert backup.status == "error"
    yard.demo.faults.clear()
    yard.succeeded(yard.order_delete(order.backup_id or ""))
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_removed_resource_takes_its_backups_along(yard: Yard) -> None:
    bound, other = yard.bind("web1"), yard.bind("db1-data", "disk")
    chain(yard, bound, 3)
    kept = yard.order_backup(other)
    yard.succeeded(kept)
    log = yard.succeeded(yard.order_removal(bound))
    counts = ("fail_count", "total_count", "fail_delete_count", "total_delete_count")
    assert [log.details[name] for name in counts] == [0, 3, 0, 3]
    assert yard.resource(bound) is None
    assert yard.backup(kept.backup_id) is not None
    yard.assert_nothing_left(backups_left=1)


def test_a_deleted_vault_takes_everything_along(yard: Yard) -> None:
    bound = yard.bind("web1")
    chain(yard, bound, 2)
    log = yard.succeeded(yard.order_vault_deletion(bound))
    assert log.details["total_count"] == 2
    with yard.database.read() as conn:
        assert vaults.get(conn, yard.project_id, bound.vault_id) is None
    assert yard.resource(bound) is None
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_vault_whose_backups_will_not_go_stays_and_says_so(yard: Yard) -> None:
    bound = yard.bind("web1")
    chain(yard, bound, 2)
    yard.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=503, times=0)
    log = yard.ended(yard.order_vault_deletion(bound))
    assert (log.status, log.error_code) == ("failed", "6115")
    assert "of 2 backups were not deleted" in log.error_message
    assert log.details["total_count"] == 2
    assert log.details["fail_count"] >= 1
    yard.demo.faults.clear()
    with yard.database.read() as conn:
        vault = vaults.get(conn, yard.project_id, bound.vault_id)
    assert vault is not None
    assert vault.status == "error"
    yard.succeeded(yard.order_vault_deletion(bound))
    yard.assert_nothing_left()


def site(yard: Yard) -> Site:
    return Site(
        database=yard.database, cloud=yard.cloud, clock=yard.clock, settings=QUICK, guard=lambda: None
    )


def test_the_janitor_finds_and_removes_what_nobody_answers_for(yard: Yard) -> None:
    keep = yard.order_backup(yard.bind("db1-data", "disk"))
    yard.succeeded(keep)
    yard.demo.faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    order = yard.order_backup(yard.bind("web1"))
    yard.succeeded(order)
    yard.demo.faults.clear()
    state = yard.demo.backend.state
    ours = yard.upstream("backup")[0]
    with state.change():
        state.put(
            "backup",
            ours | {"id": "e" * 8 + ours["id"][8:], "name": ours["name"][:-1] + "x", "parent_id": None},
        )
        state.put("backup", ours | {"id": "d" * 8 + ours["id"][8:], "name": "nightly", "parent_id": None})
    assert {orphan.why for orphan in janitor.find(yard.database, yard.cloud)} == {
        "it is not in the ledger",
        "the job that made it has ended",
    }
    cleaned = janitor.clean(site(yard), janitor.find(yard.database, yard.cloud))
    assert [done.problem for done in cleaned] == [None, None]
    assert janitor.find(yard.database, yard.cloud) == []
    assert sorted(doc["name"] == "nightly" for doc in yard.upstream("backup")) == [False, False, True]
    assert yard.upstream("snapshot") == []
    assert len(yard.ledger()) == 2


def test_the_janitor_says_which_backups_have_lost_their_bytes(yard: Yard) -> None:
    order = yard.order_backup(yard.bind("web1"))
    yard.succeeded(order)
    assert janitor.take_stock(yard.database, yard.cloud) == janitor.Inventory(
        orphans=(), missing=(), unneeded=()
    )
    state = yard.demo.backend.state
    (copy,) = yard.upstream("backup")
    with state.change():
        state.drop("backup", copy["id"])
    (missing,) = janitor.take_stock(yard.database, yard.cloud).missing
    assert (missing.id, missing.backup_id) == (copy["id"], yard.disks(order.backup_id)[0].id)


def test_a_running_jobs_objects_are_no_orphans(yard: Yard) -> None:
    slow = yard.demo.faults.inject(
        service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", delay_seconds=1.0
    )
    order = yard.order_backup(yard.bind("web1"))
    from support.yard import eventually

    eventually(lambda: slow.hits, "the wait for the backup")
    assert janitor.find(yard.database, yard.cloud) == []
    yard.succeeded(order)
