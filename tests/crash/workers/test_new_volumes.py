"""A worker dies in the restore of one disk as a new volume: one volume, or nothing, is there in the end."""

from typing import Any

import pytest

from opencbr.model.operation_log import RESTORE_NEW_VOLUME
from support.job_env import JobEnv

from .deaths import Call, WorkerProcesses, assert_all_ended, death, hold, in_each, nothing_left

pytestmark = pytest.mark.kill


NEW_VOLUME_CALLS: dict[str, list[Call]] = {
    "volumes": [("volume POST /volumes$", 0)],
    "restore": [("volume POST /restore$", 0)],
    "names": [("volume PUT /volumes/[0-9a-f-]{36}$", 0)],
    "attach": [("compute POST /os-volume_attachments$", 0)],
}


@in_each(RESTORE_NEW_VOLUME, NEW_VOLUME_CALLS)
def test_a_restore_as_a_new_volume_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_NEW_VOLUME, step, place))
    request = env.request_backup(env.bind("db1-data", "disk"))
    env.succeeded(request)
    digest = env.demo.sha256(env.volume_id("db1-data"))
    with env.cloud_kept():
        was = env.things()
        with death(env, workers, place):
            restore = env.request_new_volume(request.backup_id or "", server_id=env.server_id("web1"))
        log = env.succeeded(restore)
        assert_all_ended(env)
        made = {kind: ids - was[kind] for kind, ids in env.things().items() if ids - was[kind]}
        assert {kind: len(ids) for kind, ids in made.items()} == {"volume": 1, "attachment": 1}
        assert made["volume"] == {log.details["target_resource_id"]}
        assert env.demo.sha256(*made["volume"]) == digest
        env.assert_nothing_left(backups_left=1)


@in_each(RESTORE_NEW_VOLUME, failing="attach")
def test_a_restore_as_a_new_volume_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_NEW_VOLUME, step, place))
    request = env.request_backup(env.bind("db1-data", "disk"))
    env.succeeded(request)
    server = env.server_id("web1")
    with env.cloud_kept(), nothing_left(env, backups=1):
        refused = env.demo.faults.inject(
            service="compute", method="POST", path=f"{server}/os-volume_attachments$", status=400, times=0
        )
        with death(env, workers, place):
            restore = env.request_new_volume(request.backup_id or "", server_id=server)
        assert "step attach" in env.ended(restore).error_message
        assert refused.hits
    env.demo.faults.clear()
