"""A worker dies in a restore in place or in its undoing: the disks hold what they should, the server is as it was."""

import os
from typing import Any

import pytest

from opencbr.model.operation_log import RESTORE, RESTORE_UNDO, OperationLog
from support.job_env import JobEnv, eventually
from support.places import how_it_is, spoil

from .deaths import Call, WorkerProcesses, assert_all_ended, boots_from_image, death, hold, in_each

pytestmark = pytest.mark.kill


RESTORE_CALLS: dict[str, list[Call]] = {
    "look": [("compute GET /os-volume_attachments$", 0)],
    "stop": [("compute POST /action$", 0)],
    "detach": [("compute DELETE /os-volume_attachments/", 1), ("compute POST /action$", 1)],
    "snapshots": [("volume POST /snapshots$", 1)],
    "restore": [
        ("volume POST /volumes/.*/action$", 0),
        ("volume POST /restore$", 0),
        ("volume POST /restore$", 2),
    ],
    "attach": [("volume POST /volumes/.*/action$", 1), ("compute POST /os-volume_attachments$", 1)],
    "rebuild": [("compute POST /action$", 4)],
    "start": [("compute POST /action$", 3)],
}
"""Of a server that runs and is not locked: it is stopped, locked, unlocked, started; its root disk's status is set twice."""


def root_digest(env: JobEnv, name: str) -> str:
    """The digest of a root disk that is no volume."""
    return env.demo.sha256(env.server_id(name)) if name == "web1" else ""


def spoil_root(env: JobEnv, name: str) -> str:
    """Write over a part of it; the digest before that."""
    before = root_digest(env, name)
    if before:
        env.demo.write(env.server_id(name), os.urandom(6000), offset=4096)
        assert root_digest(env, name) != before
    return before


@in_each(RESTORE, RESTORE_CALLS)
def test_a_restore_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    name, disks = boots_from_image(step)
    workers.start("w1", hold(RESTORE, step, place))
    request = env.request_backup(env.bind(name))
    env.succeeded(request)
    was, before = how_it_is(env, name), spoil(env, name)
    root = spoil_root(env, name)
    with death(env, workers, place):
        restore = env.request_restore(request.backup_id or "")
    env.succeeded(restore)
    assert_all_ended(env)
    assert how_it_is(env, name) == was
    assert {volume: env.demo.sha256(volume) for volume in before} == before
    assert root_digest(env, name) == root
    assert len(env.posts("/snapshots$")) == 2 * disks, "for the backup and as the way back"
    assert len(env.upstream("snapshot")) == disks
    assert disks <= len(env.posts("/restore$")) <= 2 * disks, "written once, and at most once more"


@in_each(RESTORE, failing="restore")
def test_a_restore_that_fails_gives_the_server_back_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    (server, *disks), before = how_it_is(env, "db1"), spoil(env, "db1")
    with env.failing("backup.restored"):
        with death(env, workers, place):
            restore = env.request_restore(request.backup_id or "")
        assert "as requested" in env.ended(restore).error_message
    assert_all_ended(env)
    assert how_it_is(env, "db1") == (server | {"status": "SHUTOFF"}, *disks)
    assert len(env.upstream("snapshot")) == 3
    env.succeeded(env.request_restore(request.backup_id or ""))
    assert {volume: env.demo.sha256(volume) for volume in before} == before
    assert how_it_is(env, "db1") == (server, *disks)


def come_to_an_end(env: JobEnv) -> None:
    """Let the one disk be done that Cinder writes over for ever, once the others are."""
    state = env.demo.backend.state

    def last() -> dict[str, Any] | None:
        writing = [one for one in env.upstream("volume") if one["status"] == "restoring-backup"]
        return writing[0] if len(writing) == 1 else None

    volume = eventually(last, "one disk alone is written over")
    with state.change():
        state.put("volume", volume | {"status": "available"})
        for backup in state.all("backup", status="restoring"):
            state.put("backup", backup | {"status": "available"})


@in_each(RESTORE, {"revert": [("volume POST /volumes/.*/action$", 2)]}, cancelled="restore")
def test_a_restore_that_is_cancelled_takes_all_back_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    was, volumes = how_it_is(env, "db1"), spoil(env, "db1")
    spoilt = {volume: env.demo.sha256(volume) for volume in volumes}
    stuck = env.demo.fail("backup.restored", stick=True)
    with death(env, workers, place):
        restore = env.request_restore(request.backup_id or "")
        eventually(lambda: stuck.hits, "Cinder writes, and comes to no end")
        env.cancel(restore)
        come_to_an_end(env)
    assert "step restore: cancelled by request" in env.ended(restore).error_message
    assert_all_ended(env)
    assert how_it_is(env, "db1") == was
    assert {volume: env.demo.sha256(volume) for volume in spoilt} == spoilt
    env.assert_nothing_left(backups_left=3)


REVERT_CALLS: dict[str, list[Call]] = {
    "look": [("volume GET /snapshots/detail$", 4)],
    "stop": [("compute POST /action$", 0)],
    "detach": [("compute DELETE /os-volume_attachments/", 1)],
    "revert": [("volume POST /volumes/.*/action$", 0), ("volume POST /volumes/.*/action$", 2)],
    "attach": [("volume POST /volumes/.*/action$", 4), ("compute POST /os-volume_attachments$", 1)],
    "start": [("compute POST /action$", 3)],
    "release": [("volume DELETE /snapshots/", 1)],
}
"""As in a restore; the request has asked for the snapshots of the three disks before the job does."""


def restored(env: JobEnv, name: str) -> tuple[OperationLog, dict[str, str]]:
    """Back up a server, spoil it and restore it; the restore, and what its disks held before that."""
    request = env.request_backup(env.bind(name))
    env.succeeded(request)
    volumes = spoil(env, name)
    spoilt = {volume: env.demo.sha256(volume) for volume in volumes}
    return env.succeeded(env.request_restore(request.backup_id or "")), spoilt


@in_each(RESTORE_UNDO, REVERT_CALLS)
def test_an_undoing_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    name, disks = boots_from_image(step)
    workers.start("w1", hold(RESTORE_UNDO, step, place))
    was, root = how_it_is(env, name), root_digest(env, name)
    restore, spoilt = restored(env, name)
    spoil_root(env, name)
    with death(env, workers, place):
        undo = env.request_undo(restore)
    env.succeeded(undo)
    assert_all_ended(env)
    assert how_it_is(env, name) == was
    assert {volume: env.demo.sha256(volume) for volume in spoilt} == spoilt
    assert root_digest(env, name) == root
    env.assert_nothing_left(backups_left=disks)


@in_each(RESTORE_UNDO, failing="revert")
def test_an_undoing_that_fails_keeps_the_way_back_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_UNDO, step, place))
    (server, *disks) = how_it_is(env, "db1")
    restore, spoilt = restored(env, "db1")
    with env.failing("volume.reverted"):
        with death(env, workers, place):
            undo = env.request_undo(restore)
        assert "ended in status error 3 times" in env.ended(undo).error_message
    assert_all_ended(env)
    assert how_it_is(env, "db1") == (server | {"status": "SHUTOFF"}, *disks)
    assert len(env.upstream("snapshot")) == 3
    env.succeeded(env.request_undo(restore))
    assert {volume: env.demo.sha256(volume) for volume in spoilt} == spoilt
    env.assert_nothing_left(backups_left=3)
