"""Every job's end is one line of the worker's log: what, whose, how long, and why it failed."""

import re

import pytest

from opencbr.democloud.volume import quotas
from opencbr.model.operation_log import OperationLog
from support.job_env import JobEnv, eventually

pytestmark = pytest.mark.usefixtures("worker")


def end(env: JobEnv, operation: OperationLog) -> str:
    """The lines that tell of this job's end, joined."""

    def told() -> list[str]:
        lines = (env.folder / "errors.txt").read_text().splitlines()
        return [line for line in lines if " ended: " in line and operation.id in line]

    (line,) = eventually(told, "the end is told")
    return line


def test_a_good_end_is_an_info(env: JobEnv) -> None:
    operation = env.request_backup(env.bind("web1"))
    env.succeeded(operation)
    line = end(env, operation)
    assert " INFO    opencbr.jobs " in line
    assert re.search(r"\] backup of web1 ended: success after \d+\.\d s operation_log=", line), line
    assert f" project={env.project_id} resource={operation.resource_id} backup={operation.backup_id} " in line


def test_a_failure_is_a_warning_that_says_why(env: JobEnv) -> None:
    env.demo.faults.inject(service="volume", method="POST", path="/snapshots", status=413, times=0)
    operation = env.request_backup(env.bind("web1"))
    log = env.ended(operation)
    assert log.status == "failed"
    line = end(env, operation)
    assert " WARNING opencbr.jobs " in line
    assert " ended: failed after " in line
    assert (
        f": {log.error_code}: {log.error_message} operation_log={operation.id} project={env.project_id} "
        in line
    )
    assert log.error_message.startswith("step ")


@pytest.mark.parametrize("path", ["/snapshots$", "/backups$"])
def test_a_quota_that_is_used_up_has_one_code(env: JobEnv, worker: None, path: str) -> None:
    env.demo.faults.inject(service="volume", method="POST", path=path, status=413, times=0)
    log = env.ended(env.request_backup(env.bind("web1")))
    assert (log.status, log.error_code) == ("failed", "8300")
    assert " answered 413 (req-" in log.error_message


QUOTAS = [
    ("snapshots", "SnapshotLimitExceeded", 1),
    ("gigabytes", "VolumeSizeExceedsAvailableQuota", 1),
    ("backups", "BackupLimitExceeded", 1),
    ("backup_gigabytes", "VolumeBackupSizeExceedsAvailableQuota", 1),
]


@pytest.mark.parametrize(("quota", "words", "more"), QUOTAS, ids=[name for name, *_ in QUOTAS])
def test_a_quota_that_is_used_up_is_told_with_the_projects_numbers(
    env: JobEnv, worker: None, quota: str, words: str, more: int
) -> None:
    state = env.demo.backend.state
    with state.change():
        used = quotas.used(env.demo.backend, env.project_id)[quota]
        state.put("quota", {"id": env.project_id, quota: used})
    try:
        log = env.ended(env.request_backup(env.bind("web1")))
    finally:
        with state.change():
            state.drop("quota", env.project_id)
    assert (log.status, log.error_code) == ("failed", "8300")
    assert words in log.error_message, "Cinder's own sentence"
    numbers = f"project {env.project_id} has {used} of {used} {quota}, asked for {more} more"
    assert numbers in log.error_message


def test_numbers_that_cinder_does_not_tell_are_not_invented(env: JobEnv, worker: None) -> None:
    env.demo.faults.inject(service="volume", method="POST", path="/backups$", status=413, times=0)
    env.demo.faults.inject(service="volume", path="/os-quota-sets/", status=500, times=0)
    log = env.ended(env.request_backup(env.bind("web1")))
    assert (log.status, log.error_code) == ("failed", "8300")
    assert "the project's quotas could not be read: volume GET /os-quota-sets/" in log.error_message
