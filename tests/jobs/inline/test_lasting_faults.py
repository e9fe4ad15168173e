"""Calls of the cloud that stay bad: the job ends, says which call it was, and what it was for can be asked for again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.jobs.context import JobContext
from opencbr.model.operation_log import OperationLog
from opencbr.store import vaults
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import JobEnv

FAULTS: dict[str, dict[str, object]] = {
    "503": {"status": 503},
    "no answer": {"drop": "before"},
    "garbage": {"malformed": True},
    "401": {"status": 401},
}
CALLS = [
    "compute GET /servers/",
    "volume GET /volumes/",
    "volume POST /snapshots$",
    "volume GET /snapshots/[0-9a-f]",
    "volume POST /backups$",
    "volume GET /backups/[0-9a-f-]{36}$",
]


@pytest.fixture
def ctx(env: JobEnv, clock: WatchedClock) -> Iterator[JobContext]:
    cloud = Cloud(CloudSettings(config_files=(str(env.clouds_file),), retries=2), clock)
    yield replace(job_context(env), cloud=cloud, clock=clock)
    cloud.close()


def succeeded(env: JobEnv, ctx: JobContext, operation: OperationLog) -> OperationLog:
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, log.error_message) == ("success", "")
    return log


def refuse_deletions(env: JobEnv) -> None:
    env.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=503, times=0)


@pytest.mark.matrix(fast=3)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_backup_ends_in_an_error_that_names_the_call(
    env: JobEnv, ctx: JobContext, call: str, fault: str
) -> None:
    service, method, path = call.split(" ")
    struck = env.demo.faults.inject(service=service, method=method, path=path, times=0, **FAULTS[fault])
    operation = env.request_backup(env.bind("db1"))
    log = carry_out_inline(env, ctx, operation)
    env.demo.faults.clear()
    assert struck.hits >= 1
    if "POST" in call and fault == "garbage":
        # It was made all the same: the next look finds it by its name.
        assert log.status == "success", log.error_message
        env.assert_nothing_left(backups_left=len(env.disks(operation.backup_id)))
        return
    assert log.status == "failed"
    assert f"{service} {method} " in log.error_message
    if fault in ("503", "401"):
        assert "req-" in log.error_message
    if "still in the cloud" in log.error_message:
        # The very call that the clean-up needs stayed bad: what is left is in the ledger, and deleting the backup removes it.
        assert env.ledger()
        succeeded(env, ctx, env.request_deletion(operation.backup_id or ""))
        env.assert_nothing_left()
    else:
        env.assert_failed_cleanly(operation, "step ")


def test_a_deletion_can_be_asked_for_again(env: JobEnv, ctx: JobContext) -> None:
    made = succeeded(env, ctx, env.request_backup(env.bind("web1")))
    refuse_deletions(env)
    log = carry_out_inline(env, ctx, env.request_deletion(made.backup_id or ""))
    assert log.status == "failed"
    assert "answered 503 (req-" in log.error_message
    backup = env.backup(made.backup_id)
    assert backup is not None
    assert backup.status == "error"
    env.demo.faults.clear()
    succeeded(env, ctx, env.request_deletion(backup.id))
    assert env.backup(backup.id, held=True) is None
    env.assert_nothing_left()


def test_a_vault_whose_backups_will_not_go_stays_and_says_so(env: JobEnv, ctx: JobContext) -> None:
    bound = env.bind("web1")
    for _ in range(2):
        succeeded(env, ctx, env.request_backup(bound))
    refuse_deletions(env)
    log = carry_out_inline(env, ctx, env.request_vault_deletion(bound))
    assert (log.status, log.error_code) == ("failed", "6115")
    assert "of 2 backups were not deleted" in log.error_message
    assert log.details["total_count"] == 2
    assert log.details["fail_count"] >= 1
    env.demo.faults.clear()
    with env.database.read() as conn:
        vault = vaults.get(conn, env.project_id, bound.vault_id)
    assert vault is not None
    assert vault.status == "error"
    succeeded(env, ctx, env.request_vault_deletion(bound))
    env.assert_nothing_left()
