"""A worker dies in a drill: another ends it, and nothing that was made for it is left."""

from typing import Any

import pytest

from opencbr.model.operation_log import DRILL
from support.job_env import JobEnv

from .deaths import Call, WorkerProcesses, death, hold, in_each, nothing_left

pytestmark = pytest.mark.kill


DRILL_CALLS: dict[str, list[Call]] = {
    "groups": [("network POST /security-groups$", 0)],
    "networks": [("network POST /networks$", 0), ("network POST /subnets$", 0)],
    "ports": [("network POST /ports$", 1)],
    "volumes": [("volume POST /volumes$", 1)],
    "restore": [("volume POST /restore$", 0), ("volume POST /restore$", 2)],
    "server": [("compute POST /servers$", 0)],
    "look": [("compute GET /os-volume_attachments$", 0)],
    "remove": [("compute DELETE /servers/", 0), ("network DELETE /networks/", 0)],
}


@in_each(DRILL, DRILL_CALLS)
def test_a_drill_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DRILL, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with nothing_left(env, backups=3):
        with death(env, workers, place):
            drill = env.request_drill(request.backup_id or "")
        env.succeeded(drill)
        assert env.drill(drill).verdict == "unchecked"


@in_each(DRILL, failing="boot")
def test_a_drill_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DRILL, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with env.failing("server.built"), nothing_left(env, backups=3):
        with death(env, workers, place):
            drill = env.request_drill(request.backup_id or "")
        assert "as requested" in env.ended(drill).error_message
        assert env.drill(drill).verdict == "failed"
