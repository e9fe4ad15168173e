"""A worker dies while a disk that is on no server is restored in place or taken back: it has the wanted bytes, and is free."""

import os
from typing import Any

import pytest

from opencbr.democloud.seed.servers import make_disk
from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.operation_log import RESTORE, RESTORE_UNDO
from support.job_env import JobEnv
from support.worker import AT_END

from .deaths import WorkerProcesses, assert_all_ended, at_each, death, hold
from .steps import steps_of

pytestmark = pytest.mark.kill

_ACTION = "volume POST /volumes/.*/action$"
DEATHS: tuple[tuple[str, str, Any], ...] = (
    (RESTORE, "snapshots", ("volume POST /snapshots$", 0)),
    (RESTORE, "restore", ("volume POST /restore$", 0)),
    (RESTORE_UNDO, "revert", (_ACTION, 0)),
    (RESTORE_UNDO, "release", ("volume DELETE /snapshots/", 0)),
    *((RESTORE, step, AT_END) for step in ("look", "restore", "close")),
    *((RESTORE_UNDO, step, AT_END) for step in ("look", "revert", "close")),
)
"""Nothing is stopped, detached or attached: those steps have no call."""


def backed_up(env: JobEnv) -> tuple[str, str, str]:
    """Back up a disk of no server, and spoil it: the disk, what it held, and the backup."""
    with env.demo.backend.state.change():
        disk = str(make_disk(env.demo.backend, env.demo.account("demo"), "loose", 1)["id"])
    request = env.request_backup(env.bind("loose", "disk"))
    env.succeeded(request)
    before = env.demo.sha256(disk)
    env.demo.write(disk, os.urandom(6000), offset=1 << 20)
    return disk, before, request.backup_id or ""


def status(env: JobEnv, disk: str) -> str:
    (found,) = [one["status"] for one in env.upstream("volume") if one["id"] == disk]
    return str(found)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "step", "place"), [pytest.param(*one, id=f"{one[0]} {one[1]}: {one[2]}") for one in DEATHS]
)
def test_a_disk_of_no_server_is_written_wherever_the_worker_dies(
    env: JobEnv, workers: WorkerProcesses, kind: str, step: str, place: Any
) -> None:
    with env.cloud_kept():
        workers.start("w1", hold(kind, step, place))
        disk, wanted, backup_id = backed_up(env)
        if kind == RESTORE_UNDO:
            wanted = env.demo.sha256(disk)
            restore = env.succeeded(env.request_restore(backup_id))
        with death(env, workers, place):
            job = env.request_restore(backup_id) if kind == RESTORE else env.request_undo(restore)
        env.succeeded(job)
        assert_all_ended(env)
        assert env.demo.sha256(disk) == wanted
        assert status(env, disk) == "available"
        assert len(env.upstream("snapshot")) == (1 if kind == RESTORE else 0)


@at_each([(step, AT_END) for step in steps_of(JOB_TYPES[RESTORE], failing="restore")])
def test_a_disk_of_no_server_is_free_after_a_failure_wherever_the_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    with env.cloud_kept():
        workers.start("w1", hold(RESTORE, step, place))
        disk, before, backup_id = backed_up(env)
        with env.failing("backup.restored"):
            with death(env, workers, place):
                restore = env.request_restore(backup_id)
            assert "as requested" in env.ended(restore).error_message
        assert_all_ended(env)
        assert status(env, disk) == "available"
        assert len(env.upstream("snapshot")) == 1
        env.succeeded(env.request_restore(backup_id))
        assert env.demo.sha256(disk) == before
