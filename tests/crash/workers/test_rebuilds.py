"""A worker dies while a root volume is restored by a rebuild: it has the wanted bytes, and no copy is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.operation_log import RESTORE, RESTORE_UNDO
from support.job_env import JobEnv
from support.places import how_it_is, spoil
from support.worker import AT_COMMIT, AT_END

from .deaths import WorkerProcesses, assert_all_ended, at_each, death, hold
from .steps import steps_of

pytestmark = pytest.mark.kill


_ACTION = "volume POST /volumes/.*/action$"


ROOT_DEATHS: tuple[tuple[str, str, Any], ...] = (
    *((RESTORE, "copy", (call, 0)) for call in ("volume POST /volumes$", "volume POST /restore$", _ACTION)),
    *((kind, "copy", (_ACTION, 1)) for kind in (RESTORE, RESTORE_UNDO)),
    *((kind, "copy", ("volume DELETE /volumes/", 0)) for kind in (RESTORE, RESTORE_UNDO)),
    (RESTORE_UNDO, "copy", ("volume POST /volumes$", 0)),
    *((kind, "rebuild", ("compute POST /action$", 3)) for kind in (RESTORE, RESTORE_UNDO)),
    *((kind, "rebuild", ("image DELETE /images/", 0)) for kind in (RESTORE, RESTORE_UNDO)),
    (RESTORE, "rebuild", (_ACTION, 2)),
    *((kind, step, AT_END) for kind in (RESTORE, RESTORE_UNDO) for step in ("copy", "rebuild")),
)
"""A volume is made, filled and described, an image is made of it; later the server is stopped, locked, unlocked and rebuilt."""


@contextmanager
def without_the_right(env: JobEnv, workers: WorkerProcesses) -> Iterator[None]:
    workers.sets_volume_status = False
    with env.without_volume_status():
        yield


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "step", "place"), [pytest.param(*one, id=f"{one[0]} {one[1]}: {one[2]}") for one in ROOT_DEATHS]
)
def test_a_root_volume_is_rebuilt_wherever_the_worker_dies(
    env: JobEnv, workers: WorkerProcesses, kind: str, step: str, place: Any
) -> None:
    others = tuple(env.volume_id(name) for name in ("db1-data", "db1-archive"))
    with without_the_right(env, workers):
        workers.start("w1", hold(kind, step, place))
        request = env.request_backup(env.bind("db1", exclude=others))
        env.succeeded(request)
        was, root = how_it_is(env, "db1"), env.volume_id("db1-root")
        wanted = spoil(env, "db1")[root]
        if kind == RESTORE_UNDO:
            wanted = env.demo.sha256(root)
            restore = env.succeeded(env.request_restore(request.backup_id or ""))
        with death(env, workers, place):
            job = (
                env.request_restore(request.backup_id or "") if kind == RESTORE else env.request_undo(restore)
            )
        env.succeeded(job)
        assert_all_ended(env)
        assert how_it_is(env, "db1") == was
        assert env.demo.sha256(root) == wanted
        assert env.images() == []
        assert len(env.upstream("snapshot")) == (1 if kind == RESTORE else 0)
        assert {entry.kind for entry in env.ledger()} <= {"backup", "snapshot"}


@at_each(
    [
        (step, place)
        for step in steps_of(JOB_TYPES[RESTORE], failing="rebuild")
        for place in (AT_COMMIT, AT_END)
    ]
)
def test_a_rebuild_that_fails_leaves_no_copies_wherever_the_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    others = tuple(env.volume_id(name) for name in ("db1-data", "db1-archive"))
    with without_the_right(env, workers), env.cloud_kept():
        workers.start("w1", hold(RESTORE, step, place))
        request = env.request_backup(env.bind("db1", exclude=others))
        env.succeeded(request)
        with env.failing("server.rebuilt"):
            with death(env, workers, place):
                restore = env.request_restore(request.backup_id or "")
            assert "as requested; its root volume" in env.ended(restore).error_message
        assert_all_ended(env)
        assert env.images() == []
        assert sorted(entry.kind for entry in env.ledger()) == ["backup", "snapshot"]
