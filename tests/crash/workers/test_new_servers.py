"""A worker dies in a restore as a new server, here or in another project: one server, or nothing, is there in the end."""

from typing import Any

import pytest

from opencbr.democloud.network.security_groups import default_group
from opencbr.model.operation_log import RESTORE_NEW_SERVER
from support.job_env import JobEnv
from support.worker import AT_COMMIT, AT_END

from .deaths import Call, WorkerProcesses, assert_all_ended, at_each, death, hold, in_each, nothing_left

pytestmark = pytest.mark.kill


NEW_SERVER_CALLS: dict[str, list[Call]] = {
    "ports": [("network POST /ports$", 1)],
    "volumes": [("volume POST /volumes$", 1)],
    "restore": [("volume POST /restore$", 0), ("volume POST /restore$", 2)],
    "key": [("compute POST /os-keypairs$", 0)],
    "server": [("compute POST /servers$", 0)],
    "forget": [("compute DELETE /os-keypairs/", 0)],
    "addresses": [("network PUT /floatingips/", 0)],
    "names": [("volume PUT /volumes/[0-9a-f-]{36}$", 1), ("compute PUT /servers/", 0)],
}


@in_each(RESTORE_NEW_SERVER, NEW_SERVER_CALLS)
def test_a_restore_as_a_new_server_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_NEW_SERVER, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with env.losing("db1"):
        was = env.things()
        with death(env, workers, place):
            restore = env.request_new_server(request.backup_id or "")
        log = env.succeeded(restore)
        assert_all_ended(env)
        made = {kind: ids - was[kind] for kind, ids in env.things().items()}
        assert {kind: len(ids) for kind, ids in made.items() if ids} == {
            "server": 1,
            "volume": 3,
            "attachment": 3,
            "port": 2,
        }
        assert made["server"] == {log.details["target_resource_id"]}
        env.assert_nothing_left(backups_left=3)
        assert env.plans().show(env.context(), str(restore.parameters["plan_id"])).status == "ready"


@in_each(RESTORE_NEW_SERVER, failing="boot")
def test_a_restore_as_a_new_server_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_NEW_SERVER, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with env.failing("server.built"), env.losing("db1"), nothing_left(env, backups=3):
        with death(env, workers, place):
            restore = env.request_new_server(request.backup_id or "")
        assert "as requested" in env.ended(restore).error_message


ELSEWHERE_DEATHS = (
    *(("transfer", ("volume POST /os-volume-transfer", after)) for after in range(6)),
    ("transfer", AT_COMMIT),
    ("transfer", AT_END),
)
"""Of three disks each is offered and taken: six calls."""


@at_each(ELSEWHERE_DEATHS)
def test_a_restore_into_another_project_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_NEW_SERVER, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    state, other = env.demo.backend.state, env.demo.account("other")["project_id"]
    with env.cloud_kept():
        was = env.things()
        with death(env, workers, place):
            restore = env.request_elsewhere(request.backup_id or "")
        env.succeeded(restore)
        assert_all_ended(env)
        with state.change():
            made = [one for one in state.all("volume") if one["id"] not in was["volume"]]
            assert [(one["project_id"], one["status"]) for one in made] == [(other, "in-use")] * 3
        assert env.upstream("transfer") == []
        env.assert_nothing_left(backups_left=3)


ELSEWHERE_WAY_BACK = (
    ("compensate", ("volume DELETE /os-volume-transfer/", 0)),
    ("compensate", ("volume DELETE /volumes/", 1)),
    ("compensate", AT_END),
)


@at_each(ELSEWHERE_WAY_BACK)
def test_a_handover_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    """One disk was taken, the others are offered when the other project may take no more."""
    workers.start("w1", hold(RESTORE_NEW_SERVER, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with env.demo.backend.state.change():
        default_group(env.demo.backend, str(env.demo.account("other")["project_id"]))
    env.demo.faults.inject(service="volume", method="POST", path="/accept$", status=403, after=1, times=0)
    with env.cloud_kept(), nothing_left(env, backups=3):
        with death(env, workers, place):
            restore = env.request_elsewhere(request.backup_id or "")
        assert "answered 403" in env.ended(restore).error_message
    assert env.upstream("transfer") == []
    env.demo.faults.clear()
