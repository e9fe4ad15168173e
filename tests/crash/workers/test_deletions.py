"""A worker dies while backups, a resource's backups or a vault are deleted: another goes on, and what cannot go says so."""

from typing import Any

import pytest

from opencbr.model.operation_log import DELETE, REMOVE_RESOURCE, VAULT_DELETE
from opencbr.store import vaults
from support.job_env import JobEnv
from support.job_steps import backed_up

from .deaths import (
    Call,
    WorkerProcesses,
    assert_all_ended,
    assert_made_once,
    death,
    hold,
    in_each,
    refuse_deletions,
)

pytestmark = pytest.mark.kill


DELETE_CALLS: dict[str, list[Call]] = {
    "delete": [(f"volume {method} /backups/[0-9a-f-]{{36}}$", 0) for method in ("GET", "DELETE")]
}


@in_each(DELETE, DELETE_CALLS)
def test_a_deletion_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DELETE, step, place))
    request = env.request_backup(env.bind("web1"))
    env.succeeded(request)
    with death(env, workers, place):
        deletion = env.request_deletion(request.backup_id or "")
    env.succeeded(deletion)
    assert_all_ended(env)
    assert env.backup(request.backup_id, held=True) is None
    env.assert_nothing_left()
    assert_made_once(env, 1)


@in_each(DELETE, failing="delete")
def test_a_deletion_that_fails_says_so_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DELETE, step, place))
    request = env.request_backup(env.bind("web1"))
    env.succeeded(request)
    refuse_deletions(env)
    with death(env, workers, place):
        deletion = env.request_deletion(request.backup_id or "")
    assert "answered 403" in env.ended(deletion).error_message
    assert_all_ended(env)
    backup = env.backup(request.backup_id)
    assert backup is not None
    assert backup.status == "error"
    env.demo.faults.clear()
    env.succeeded(env.request_deletion(backup.id))
    env.assert_nothing_left()


REMOVAL_CALLS: dict[str, list[Call]] = {
    "delete": [("volume GET /backups/[0-9a-f-]{36}$", 0), ("volume DELETE /backups/[0-9a-f-]{36}$", 1)]
}


@in_each(REMOVE_RESOURCE, REMOVAL_CALLS)
def test_a_removal_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(REMOVE_RESOURCE, step, place))
    bound = env.bind("web1")
    made = backed_up(env, bound, 2)
    with death(env, workers, place):
        removal = env.request_removal(bound)
    details = env.succeeded(removal).details
    assert (details["total_count"], details["fail_count"]) == (2, 0)
    assert_all_ended(env)
    assert env.resource(bound) is None
    assert [env.backup(one, held=True) for one in made] == [None, None]
    with env.database.read() as conn:
        assert vaults.get(conn, env.project_id, bound.vault_id) is not None, "the vault stays"
    env.assert_nothing_left()
    assert_made_once(env, 2)


@in_each(REMOVE_RESOURCE, failing="delete")
def test_a_resource_that_cannot_go_says_so_and_stays_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(REMOVE_RESOURCE, step, place))
    bound = env.bind("web1")
    (made,) = backed_up(env, bound)
    refuse_deletions(env)
    with death(env, workers, place):
        removal = env.request_removal(bound)
    log = env.ended(removal)
    assert (log.status, log.error_code, log.details["fail_count"]) == ("failed", "6115", 1)
    assert "answered 403" in log.error_message
    assert_all_ended(env)
    backup = env.backup(made)
    assert backup is not None
    assert backup.status == "error"
    env.demo.faults.clear()
    env.succeeded(env.request_removal(bound))
    assert env.resource(bound) is None
    env.assert_nothing_left()


@in_each(VAULT_DELETE)
def test_a_vaults_deletion_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(VAULT_DELETE, step, place))
    bound = env.bind("web1")
    env.succeeded(env.request_backup(bound))
    with death(env, workers, place):
        deletion = env.request_vault_deletion(bound)
    assert env.succeeded(deletion).details["total_count"] == 1
    assert_all_ended(env)
    with env.database.read() as conn:
        assert vaults.get(conn, env.project_id, bound.vault_id) is None
    env.assert_nothing_left()


@in_each(VAULT_DELETE, failing="delete")
def test_a_vault_that_cannot_go_says_so_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(VAULT_DELETE, step, place))
    bound = env.bind("web1")
    env.succeeded(env.request_backup(bound))
    refuse_deletions(env)
    with death(env, workers, place):
        deletion = env.request_vault_deletion(bound)
    log = env.ended(deletion)
    assert (log.status, log.error_code, log.details["fail_count"]) == ("failed", "6115", 1)
    assert_all_ended(env)
    env.demo.faults.clear()
    env.succeeded(env.request_vault_deletion(bound))
    env.assert_nothing_left()
