"""Deleting: along chains, whole resources and vaults, and when the cloud will not."""

import pytest
from sqlalchemy import func, select

from opencbr.jobs.context import CloudContext
from opencbr.jobs.upstream import janitor
from opencbr.jobs.upstream.inventory import Inventory, take_stock
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from opencbr.store import checkpoints, tables, vaults
from support.job_env import QUICK, JobEnv

pytestmark = pytest.mark.usefixtures("worker")


def chain(env: JobEnv, bound: Resource, length: int) -> list[OperationLog]:
    operations = []
    for _ in range(length):
        operations.append(env.request_backup(bound))
        env.succeeded(operations[-1])
    return operations


def rows(env: JobEnv) -> int:
    with env.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(tables.backup)).scalar_one())


def used_mb(env: JobEnv, bound: Resource) -> int:
    with env.database.read() as conn:
        return vaults.usage(conn, [bound.vault_id])[bound.vault_id].used_mb


def test_a_deleted_backup_is_gone_everywhere(env: JobEnv) -> None:
    operation = env.request_backup(env.bind("db1"))
    env.succeeded(operation)
    env.succeeded(env.request_deletion(operation.backup_id or ""))
    assert env.backup(operation.backup_id, held=True) is None
    with env.database.read() as conn:
        assert checkpoints.get(conn, env.project_id, operation.checkpoint_id or "") is None
    assert rows(env) == 0
    env.assert_nothing_left()


def test_a_backup_that_others_need_is_gone_for_the_user_and_kept_underneath(env: JobEnv) -> None:
    bound = env.bind("web1")
    first, second, third = (operation.backup_id or "" for operation in chain(env, bound, 3))
    before, image = used_mb(env, bound), env.images()[0]["size"] >> 20
    env.succeeded(env.request_deletion(first))
    assert env.backup(first) is None
    assert env.disks(first) == []
    held = env.backup(first, held=True)
    assert held is not None
    assert held.held_at is not None
    assert used_mb(env, bound) == before - image, (
        "its disk's space is still taken, and no backup needs its image"
    )
    assert len(env.upstream("backup")) == 3

    env.succeeded(env.request_deletion(second))
    assert env.backup(second) is None
    assert len(env.upstream("backup")) == 3

    env.succeeded(env.request_deletion(third))
    assert rows(env) == 0, "the last one takes the held ones along"
    env.assert_nothing_left()


def test_the_newest_of_a_chain_goes_alone(env: JobEnv) -> None:
    first, second = (operation.backup_id or "" for operation in chain(env, env.bind("web1"), 2))
    env.succeeded(env.request_deletion(second))
    kept = env.backup(first)
    assert kept is not None
    assert kept.status == "available"
    env.assert_nothing_left(backups_left=1)


def test_the_next_backup_may_build_on_a_held_one(env: JobEnv) -> None:
    bound = env.bind("web1")
    first, second = (operation.backup_id or "" for operation in chain(env, bound, 2))
    env.succeeded(env.request_deletion(first))
    third = chain(env, bound, 1)[0].backup_id or ""
    assert env.disks(third)[0].based_on == env.disks(second)[0].id
    for one in (second, third):
        env.succeeded(env.request_deletion(one))
    assert rows(env) == 0
    env.assert_nothing_left()


def test_a_backup_that_somebody_elses_incremental_needs_is_held_too(env: JobEnv) -> None:
    """Cinder chooses parents by itself: a tenant's own incremental may stand on ours."""
    operation = env.request_backup(env.bind("db1-data", "disk"))
    env.succeeded(operation)
    state = env.demo.backend.state
    (ours,) = env.upstream("backup")
    with state.change():
        state.put("backup", ours | {"id": "f" * 8 + ours["id"][8:], "name": "mine", "parent_id": ours["id"]})
    env.succeeded(env.request_deletion(operation.backup_id or ""))
    assert env.backup(operation.backup_id) is None
    held = env.backup(operation.backup_id, held=True)
    assert held is not None
    assert held.held_at is not None
    assert [doc["id"] for doc in env.upstream("backup") if doc["name"] != "mine"] == [ours["id"]]


def test_a_failed_backup_can_be_deleted(env: JobEnv) -> None:
    env.demo.faults.inject(service="volume", method="POST", path="/snapshots$", status=403, times=0)
    operation = env.request_backup(env.bind("db1"))
    env.assert_failed_cleanly(operation, "step snapshots: volume POST /snapshots answered 403")
    env.succeeded(env.request_deletion(operation.backup_id or ""))
    assert rows(env) == 0


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 401}, {"drop": "before"}, {"malformed": True}])
@pytest.mark.parametrize("call", ["GET", "DELETE"])
def test_one_bad_answer_does_not_hurt_a_deletion(env: JobEnv, call: str, fault: dict[str, object]) -> None:
    operation = env.request_backup(env.bind("web1"))
    env.succeeded(operation)
    struck = env.demo.faults.inject(service="volume", method=call, path="/backups/[0-9a-f-]{36}$", **fault)
    env.succeeded(env.request_deletion(operation.backup_id or ""))
    assert struck.hits == 1
    env.assert_nothing_left()


def test_a_removed_resource_takes_its_backups_along(env: JobEnv) -> None:
    bound, other = env.bind("web1"), env.bind("db1-data", "disk")
    chain(env, bound, 3)
    kept = env.request_backup(other)
    env.succeeded(kept)
    log = env.succeeded(env.request_removal(bound))
    counts = ("fail_count", "total_count", "fail_delete_count", "total_delete_count")
    assert [log.details[name] for name in counts] == [0, 3, 0, 3]
    assert env.resource(bound) is None
    assert env.backup(kept.backup_id) is not None
    env.assert_nothing_left(backups_left=1)


def test_a_deleted_vault_takes_everything_along(env: JobEnv) -> None:
    bound = env.bind("web1")
    chain(env, bound, 2)
    log = env.succeeded(env.request_vault_deletion(bound))
    assert log.details["total_count"] == 2
    with env.database.read() as conn:
        assert vaults.get(conn, env.project_id, bound.vault_id) is None
    assert env.resource(bound) is None
    assert rows(env) == 0
    env.assert_nothing_left()


def ctx(env: JobEnv) -> CloudContext:
    return CloudContext(
        database=env.database, cloud=env.cloud, clock=env.clock, settings=QUICK, guard=lambda: None
    )


def test_the_janitor_finds_and_removes_what_nobody_answers_for(env: JobEnv) -> None:
    keep = env.request_backup(env.bind("db1-data", "disk"))
    env.succeeded(keep)
    env.demo.faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    operation = env.request_backup(env.bind("web1"))
    env.succeeded(operation)
    env.demo.faults.clear()
    state = env.demo.backend.state
    ours = env.upstream("backup")[0]
    with state.change():
        state.put(
            "backup",
            ours | {"id": "e" * 8 + ours["id"][8:], "name": ours["name"][:-1] + "x", "parent_id": None},
        )
        state.put("backup", ours | {"id": "d" * 8 + ours["id"][8:], "name": "nightly", "parent_id": None})
    assert {orphan.why for orphan in take_stock(env.database, env.cloud).orphans} == {
        "it is not in the ledger",
        "the job that made it has ended",
    }
    cleaned = janitor.clean(ctx(env), take_stock(env.database, env.cloud).orphans)
    assert [done.problem for done in cleaned] == [None, None]
    assert take_stock(env.database, env.cloud).orphans == ()
    assert sorted(doc["name"] == "nightly" for doc in env.upstream("backup")) == [False, False, True]
    assert env.upstream("snapshot") == []
    assert sorted(entry.kind for entry in env.ledger()) == ["backup", "backup", "image"]


def test_the_janitor_says_which_backups_have_lost_their_bytes(env: JobEnv) -> None:
    operation = env.request_backup(env.bind("web1"))
    env.succeeded(operation)
    assert take_stock(env.database, env.cloud) == Inventory(orphans=(), missing=(), unneeded=())
    state = env.demo.backend.state
    (cinder_backup,) = env.upstream("backup")
    with state.change():
        state.drop("backup", cinder_backup["id"])
    (missing,) = take_stock(env.database, env.cloud).missing
    assert (missing.id, missing.backup_id) == (cinder_backup["id"], env.disks(operation.backup_id)[0].id)


def test_a_running_jobs_objects_are_no_orphans(env: JobEnv) -> None:
    slow = env.demo.faults.inject(
        service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", delay_seconds=1.0
    )
    operation = env.request_backup(env.bind("web1"))
    from support.job_env import eventually

    eventually(lambda: slow.hits, "the wait for the backup")
    assert take_stock(env.database, env.cloud).orphans == ()
    env.succeeded(operation)
