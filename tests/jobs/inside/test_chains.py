"""Chains of incrementals: what is held goes with the last that needs it, however the deletions meet."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from opencbr.jobs import backup_chains
from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.records import links, rows
from opencbr.store import resources
from opencbr.store.database import Database
from support.job_env import JobEnv
from support.job_steps import PausedDeletion, backed_up, context_of, disk_of
from support.job_steps import rows as count_rows

pytestmark = pytest.mark.usefixtures("worker")


def tenants_own(env: JobEnv, ours: str | None) -> str:
    """A tenant's own incremental on a backup of ours, as Cinder chose it; its id."""
    state = env.demo.backend.state
    with state.change():
        (doc,) = (doc for doc in state.all("backup") if doc["id"] == ours)
        own = doc | {"id": "f" * 8 + doc["id"][8:], "name": "mine", "parent_id": doc["id"]}
        state.put("backup", own)
    return str(own["id"])


def drop(env: JobEnv, upstream_id: str) -> None:
    with env.demo.backend.state.change():
        env.demo.backend.state.drop("backup", upstream_id)


def test_two_deletions_along_one_chain_at_once_leave_nothing(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent's deletion has seen that two of its disks are needed when the backup that needs them goes."""
    bound = env.bind("db1")
    (parent,) = backed_up(env, bound)
    with env.database.write() as conn:
        assert resources.update(
            conn, env.project_id, bound.id, exclude_volumes=[env.volume_id("db1-archive")]
        )
    (child,) = backed_up(env, bound)
    paused = PausedDeletion(monkeypatch, disk_of(env, parent, "archive").cinder_backup_id)
    deletion = env.request_deletion(parent)
    paused.begun()
    env.succeeded(env.request_deletion(child))
    paused.resume()
    env.succeeded(deletion)
    assert count_rows(env) == 0
    env.assert_nothing_left()


def test_a_new_backup_does_not_build_on_a_held_one_that_is_on_its_way_out(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = env.bind("web1")
    first, second = backed_up(env, bound, 2)
    env.succeeded(env.request_deletion(first))
    paused = PausedDeletion(monkeypatch, disk_of(env, first).cinder_backup_id)
    deletion = env.request_deletion(second)
    paused.begun()
    (third,) = backed_up(env, bound)
    assert (disk_of(env, third).is_incremental, disk_of(env, third).based_on) == (False, None)
    paused.resume()
    env.succeeded(deletion)
    assert count_rows(env) == 2, "the new backup and its disk"
    env.assert_nothing_left(backups_left=1)


def test_the_janitor_removes_a_held_backup_when_the_tenants_own_incremental_has_gone(env: JobEnv) -> None:
    (backup,) = backed_up(env, env.bind("db1-data", "disk"))
    own = tenants_own(env, disk_of(env, backup).cinder_backup_id)
    env.succeeded(env.request_deletion(backup))
    remove_leftovers(context_of(env))
    assert take_stock(env.database, env.cloud).unneeded == (), "Cinder says that it is needed"
    assert env.backup(backup, held=True) is not None
    drop(env, own)
    (found,) = take_stock(env.database, env.cloud).unneeded
    assert found.backup_id == backup
    remove_leftovers(context_of(env))
    assert count_rows(env) == 0
    env.assert_nothing_left()


def test_a_later_deletion_of_the_volume_takes_along_what_was_left_held(env: JobEnv) -> None:
    bound = env.bind("db1-data", "disk")
    (first,) = backed_up(env, bound)
    own = tenants_own(env, disk_of(env, first).cinder_backup_id)
    env.succeeded(env.request_deletion(first))
    drop(env, own)
    (second,) = backed_up(env, bound)
    env.succeeded(env.request_deletion(second))
    assert count_rows(env) == 0
    env.assert_nothing_left()


def stuck_incremental(env: JobEnv) -> tuple[str, str]:
    """A full backup, and a failed incremental on it whose Cinder backup could not be removed."""
    bound = env.bind("web1")
    (parent,) = backed_up(env, bound)
    faults = env.demo.faults
    faults.inject(service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", status=403, times=0)
    faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    operation = env.request_backup(bound)
    log = env.ended(operation)
    assert log.status == "failed"
    assert "still in the cloud: backup" in log.error_message
    assert log.details["left_in_cloud"]
    faults.clear()
    failed = operation.backup_id or ""
    assert disk_of(env, failed).based_on == disk_of(env, parent).id, "its object stands on the parent's"
    assert disk_of(env, failed).status == "error"
    return parent, failed


def test_a_failed_incremental_needs_its_parent_while_its_object_stands(env: JobEnv) -> None:
    parent, failed = stuck_incremental(env)
    env.succeeded(env.request_deletion(parent))
    assert env.backup(parent, held=True) is not None
    env.succeeded(env.request_deletion(failed))
    assert count_rows(env) == 0
    env.assert_nothing_left()


def test_the_janitor_removes_what_a_failed_job_left_and_the_parent_held_for_it(env: JobEnv) -> None:
    parent, failed = stuck_incremental(env)
    env.succeeded(env.request_deletion(parent))
    remove_leftovers(context_of(env))
    assert env.backup(parent, held=True) is None
    kept = env.backup(failed)
    assert kept is not None
    assert kept.status == "error"
    env.assert_nothing_left()


def test_a_deleted_backup_in_the_middle_leaves_the_chain_of_records_unbroken(env: JobEnv) -> None:
    bound = env.bind("web1")
    first, second, third = backed_up(env, bound, 3)
    env.succeeded(env.request_deletion(second))
    with env.database.read() as conn:
        chain = links.chain(conn, env.project_id, bound.id)
        assert [rows.get(conn, env.project_id, one) is None for one in (first, second, third)] == [
            False,
            True,
            False,
        ]
    assert [link.backup_id for link in chain] == [first, second, third]
    assert [link.sequence for link in chain] == [1, 2, 3]
    assert [link.buried_at is not None for link in chain] == [False, True, False]
    assert [link.previous for link in chain] == [None, chain[0].digest, chain[1].digest]


def test_a_stuck_deletion_keeps_record_and_link(env: JobEnv) -> None:
    bound = env.bind("web1")
    (backup,) = backed_up(env, bound)
    env.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    assert env.ended(env.request_deletion(backup)).status == "failed"
    with env.database.read() as conn:
        assert rows.get(conn, env.project_id, backup) is not None
        (link,) = links.chain(conn, env.project_id, bound.id)
    assert link.buried_at is None


def test_a_removal_walks_from_the_newest_to_the_oldest(env: JobEnv) -> None:
    bound = env.bind("web1")
    made = [disk_of(env, one).cinder_backup_id for one in backed_up(env, bound, 3)]
    env.succeeded(env.request_removal(bound))
    deleted = [row.path.rsplit("/", 1)[1] for row in env.demo.calls.find("volume", "DELETE", "/backups/")]
    assert deleted == made[::-1]


def test_a_volume_in_a_server_vault_and_a_disk_vault_is_one_chain(env: JobEnv) -> None:
    """Cinder builds on the newest backup of a volume, whichever vault that is in, and we note what it did."""
    server, disk = env.bind("db1"), env.bind("db1-data", "disk")
    made = []
    for _ in range(2):
        operations = [env.request_backup(server), env.request_backup(disk)]
        for operation in operations:
            env.succeeded(operation)
            made.append(operation.backup_id or "")
    parents = {doc["id"]: doc["parent_id"] for doc in env.upstream("backup")}
    disks = [row for one in made for row in (env.disks(one) or [disk_of(env, one)])]
    ours = {row.id: row.cinder_backup_id for row in disks}
    assert {row.cinder_backup_id: ours.get(row.based_on or "") for row in disks} == parents
    for one in made:
        env.succeeded(env.request_deletion(one))
    assert count_rows(env) == 0
    env.assert_nothing_left()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("function", ["_write_erased", "_claim", "_write_settled"])
def test_a_step_cut_off_right_after_its_commit_is_taken_up_where_it_was(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """As when the worker dies there (`tests/crash`), without a janitor that could mend it."""
    bound = env.bind("web1")
    first, second, third = backed_up(env, bound, 3)
    for one in (first, second):
        env.succeeded(env.request_deletion(one))
    real_function, real_transact, reached = getattr(backup_chains, function), Database.transact, []

    def marked(*args: Any, **kwargs: Any) -> Any:
        reached.append(function)
        return real_function(*args, **kwargs)

    def transact(self: Database, fn: Callable[[Connection], Any]) -> Any:
        result = real_transact(self, fn)
        if len(reached) == 1:
            reached.append("cut off")
            raise OperationalError("COMMIT", {}, Exception("the connection was lost"))
        return result

    monkeypatch.setattr(backup_chains, function, marked)
    monkeypatch.setattr(Database, "transact", transact)
    env.succeeded(env.request_deletion(third))
    assert "cut off" in reached
    assert count_rows(env) == 0
    env.assert_nothing_left()
