"""A worker dies while a whole checkpoint is restored: what its servers share is made once, or nothing is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from democloud.client import Client
from opencbr.model.operation_log import RESTORE_CHECKPOINT
from opencbr.model.restore_plan.choices import NEW
from support.application import Applications
from support.job_env import JobEnv

from .deaths import Call, WorkerProcesses, assert_all_ended, death, hold, in_each, nothing_left

pytestmark = pytest.mark.kill


CHECKPOINT_CALLS: dict[str, list[Call]] = {
    "groups": [("network POST /security-groups$", 0)],
    "networks": [("network POST /networks$", 0), ("network POST /subnets$", 0)],
    "ports": [("network POST /ports$", 1)],
    "volumes": [("volume POST /volumes$", 1)],
    "restore": [("volume POST /restore$", 1)],
    "key": [("compute POST /os-keypairs$", 0)],
    "server": [("compute POST /servers$", 0), ("compute POST /servers$", 1)],
    "forget": [("compute DELETE /os-keypairs/", 0)],
    "names": [("network PUT /networks/", 0), ("compute PUT /servers/", 1)],
}


@contextmanager
def application_lost(env: JobEnv) -> Iterator[tuple[str, dict[str, Any]]]:
    """Back up two servers that share all that servers can, and lose all; give the checkpoint, and the mapping for it."""
    with env.cloud_kept():
        applications = Applications(Client("demo", str(env.clouds_file)))
        made = applications.make_application(("app", "queue"))
        logs = env.request_backups(*made.servers)
        for log in logs:
            env.succeeded(log)
        applications.delete_application(made)
        mapping = {
            "networks": {made.network: NEW},
            "security_groups": dict.fromkeys(made.groups, NEW),
            "routers": {made.router: NEW},
            "server_group": NEW,
        }
        yield str(logs[0].checkpoint_id), mapping


@in_each(RESTORE_CHECKPOINT, CHECKPOINT_CALLS)
def test_a_checkpoint_s_restore_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_CHECKPOINT, step, place))
    with application_lost(env) as (checkpoint, mapping):
        was = env.things()
        with death(env, workers, place):
            restore = env.request_checkpoint(checkpoint, **mapping)
        log = env.succeeded(restore)
        assert_all_ended(env)
        made = {kind: ids - was[kind] for kind, ids in env.things().items()}
        whole = {"server": 2, "volume": 3, "attachment": 3, "port": 4, "network": 1, "subnet": 1}
        whole |= {"security-group": 2, "router": 1, "server-group": 1}
        assert {kind: len(ids) for kind, ids in made.items() if ids} == whole
        assert made["server"] == {one["target_resource_id"] for one in log.details["resources"]}
        env.assert_nothing_left(backups_left=3)


@in_each(RESTORE_CHECKPOINT, failing="boot")
def test_a_checkpoint_s_restore_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_CHECKPOINT, step, place))
    with (
        application_lost(env) as (checkpoint, mapping),
        env.failing("server.built"),
        nothing_left(env, backups=3),
    ):
        with death(env, workers, place):
            restore = env.request_checkpoint(checkpoint, **mapping)
        assert "as requested" in env.ended(restore).error_message
