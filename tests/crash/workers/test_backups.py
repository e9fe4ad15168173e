"""A worker dies in a backup: another ends it, nothing is left upstream, nothing was made twice."""

from typing import Any

import pytest

from opencbr.model.operation_log import BACKUP
from support.job_env import JobEnv, eventually

from .deaths import (
    HELD,
    Call,
    WorkerProcesses,
    assert_all_ended,
    assert_made_once,
    boots_from_image,
    death,
    hold,
    in_each,
)

pytestmark = pytest.mark.kill


BACKUP_CALLS: dict[str, list[Call]] = {
    "capture": [("compute GET /servers/", 0)],
    "image": [("compute POST /action$", 0)],
    "snapshots": [("volume POST /snapshots$", 1), ("volume GET /snapshots/[0-9a-f]", 1)],
    "recapture": [("compute GET /os-interface$", 1)],
    "backups": [("volume POST /backups$", 1)],
    "wait": [("volume GET /backups/[0-9a-f-]{36}$", 2)],
    "saved": [("image GET /images/", 1)],
    "export": [("volume GET /export_record$", 1)],
    "release": [("volume DELETE /snapshots/", 1)],
}


@in_each(BACKUP, BACKUP_CALLS)
def test_a_backup_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    name, disks = boots_from_image(step)
    workers.start("w1", hold(BACKUP, step, place))
    with death(env, workers, place):
        request = env.request_backup(env.bind(name))
    env.succeeded(request)
    assert_all_ended(env)
    backup = env.backup(request.backup_id)
    assert backup is not None
    assert (backup.status, backup.verdict) == ("available", "complete")
    assert [disk.status for disk in env.disks(backup.id)] == ["available"] * disks
    env.assert_nothing_left(backups_left=disks)
    assert_made_once(env, disks)
    assert len(env.images()) == (1 if name == "web1" else 0)


UNDO_CALLS: dict[str, list[Call]] = {
    "compensate": [("volume DELETE /backups/", 0), ("volume DELETE /snapshots/", 0)]
}


@in_each(BACKUP, UNDO_CALLS, failing="wait")
def test_a_compensation_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    waiting = env.demo.faults.inject(
        service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", delay_seconds=HELD
    )
    workers.start("w1", hold(BACKUP, step, place))
    with death(env, workers, place):
        request = env.request_backup(env.bind("db1"))
        eventually(lambda: waiting.hits, "the wait for the backups")
        env.cancel(request)
    # Each look hangs so long that the request to cancel is usually heard in this step; in the next one it is as good.
    env.assert_failed_cleanly(request, r"step (wait|release): cancelled by request")
    assert_all_ended(env)
    assert_made_once(env, 3)
