"""kill -9 of the worker inside each step: another identity ends the job, nothing is left upstream, nothing was made twice."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from democloud.client import Client
from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.faults import Fault
from opencbr.democloud.network.security_groups import default_group
from opencbr.democloud.timing import Timing
from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.operation_log import (
    BACKUP,
    DELETE,
    DRILL,
    REMOVE_RESOURCE,
    RESTORE,
    RESTORE_CHECKPOINT,
    RESTORE_NEW_SERVER,
    RESTORE_NEW_VOLUME,
    RESTORE_UNDO,
    VAULT_DELETE,
    OperationLog,
)
from opencbr.model.restore_plan.choices import NEW
from opencbr.store import operation_logs, tables, vaults
from support.application import Applications
from support.databases import KINDS
from support.job_env import PATIENT, QUICK, JobEnv, eventually
from support.job_steps import backed_up
from support.places import how_it_is, spoil
from support.postgres import cut_off, hang_up
from support.processes import LEASE_LOST, Processes
from support.worker import AT_COMMIT, AT_END, Hold, work

from .journal import freeze, unfinished
from .steps import steps_of

pytestmark = pytest.mark.kill


HELD = 1.0
"""Seconds a call hangs while its worker is killed: less than a lease, as a call in flight outlives its caller only so long."""

on_postgres = pytest.mark.parametrize("dialect", KINDS[1:])


class WorkerProcesses:
    """Worker processes of one env."""

    def __init__(self, env: JobEnv) -> None:
        self.env = env
        self.sets_volume_status: bool | None = None
        self.processes = Processes(env.folder / "errors.txt", restarted=True)

    def start(self, name: str, hold: Hold | None = None) -> None:
        self.processes.start(
            name,
            work,
            self.env.url,
            self.env.folder,
            name,
            settings=PATIENT,
            hold=hold,
            sets_volume_status=self.sets_volume_status,
        )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    timing = Timing(seconds=0.05, backup_seconds=0.4, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=timing) as cloud:
        yield cloud


@pytest.fixture
def workers(env: JobEnv) -> Iterator[WorkerProcesses]:
    workers = WorkerProcesses(env)
    yield workers
    workers.processes.close()


Call = tuple[str, int]
"""One upstream call, and how many like it go well before."""


def slow(env: JobEnv, call: str, after: int = 0) -> Fault:
    """Let an upstream call hang, so that its worker can be killed meanwhile."""
    service, method, path = call.split(" ")
    return env.demo.faults.inject(
        service=service, method=method, path=path, delay_seconds=HELD, after=after, times=1
    )


KILLED: set[tuple[str, bool]] = set()
"""The jobs that a test here kills, and whether it is the way after a failure."""


def in_each(
    kind: str,
    calls: dict[str, list[Call]] | None = None,
    *,
    failing: str | None = None,
    cancelled: str | None = None,
) -> pytest.MarkDecorator:
    """Die in the upstream calls of each step, before the commit where it makes none, and at its end.

    The steps are those of the job that the workers have for this kind; with `failing` those after that step failed, with
    `cancelled` those after it was cancelled.
    The fast suite has one death of each job, and one after a failure: in a call, at a commit or at the end of a step.
    """
    steps, calls = steps_of(JOB_TYPES[kind], failing=failing, cancelled=cancelled), calls or {}
    if cancelled is None:
        KILLED.add((kind, failing is not None))
    assert steps, "a job has steps"
    assert calls.keys() <= set(steps), f"the steps are {steps}"
    places = [(step, place) for step in steps for place in (*calls.get(step, [AT_COMMIT]), AT_END)]
    wanted = (tuple, AT_COMMIT, AT_END)[len(KILLED) % 3]
    fast = next((one for one in places if wanted in (type(one[1]), one[1])), places[0])
    if cancelled or (failing is not None and kind != BACKUP):
        fast = None
    cases = [
        pytest.param(*one, id=f"{one[0]}: {one[1]}", marks=() if one == fast else pytest.mark.thorough)
        for one in places
    ]
    return pytest.mark.parametrize(("step", "place"), cases)


def hold(kind: str, step: str, place: str | Call) -> Hold | None:
    """Report the worker where to stop; in an upstream call it is the cloud that stops it."""
    return Hold(kind, step, place) if isinstance(place, str) else None


@contextmanager
def death(env: JobEnv, workers: WorkerProcesses, place: str | Call) -> Iterator[None]:
    """The job requested in this block is cut off: w1 dies at `place`, and w2 follows it."""
    held = None if isinstance(place, str) else slow(env, *place)
    yield
    if held is None:
        workers.processes.await_report("w1", "held")
    else:
        eventually(lambda: held.hits, f"{held.method} {held.path} begins")
    workers.processes.send("w1", signal.SIGKILL)
    workers.start("w2")


def assert_made_once(env: JobEnv, disks: int) -> None:
    assert len(env.posts("/snapshots$")) == disks
    assert len(env.posts("/backups$")) == disks


def assert_all_ended(env: JobEnv) -> None:
    """No operation log runs on, no resource stays busy, and the engine has nothing left to do."""
    eventually(lambda: not unfinished(env.url), "the engine is done")
    with env.database.read() as conn:
        assert operation_logs.waiting(conn, 1) == []
        busy = select(tables.resource.c.id).where(tables.resource.c.protect_status != "available")
        assert conn.execute(busy).all() == []
        assert conn.execute(select(tables.restore_target)).all() == []


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


DELETE_CALLS: dict[str, list[Call]] = {
    "delete": [(f"volume {method} /backups/[0-9a-f-]{{36}}$", 0) for method in ("GET", "DELETE")]
}


@in_each(DELETE, DELETE_CALLS)
def test_a_deletion_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DELETE, step, place))
    request = env.request_backup(env.bind("web1"))
    env.succeeded(request)
    with death(env, workers, place):
        deletion = env.request_deletion(request.backup_id or "")
    env.succeeded(deletion)
    assert_all_ended(env)
    assert env.backup(request.backup_id, held=True) is None
    env.assert_nothing_left()
    assert_made_once(env, 1)


def refuse_deletions(env: JobEnv) -> None:
    env.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)


@in_each(DELETE, failing="delete")
def test_a_deletion_that_fails_says_so_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DELETE, step, place))
    request = env.request_backup(env.bind("web1"))
    env.succeeded(request)
    refuse_deletions(env)
    with death(env, workers, place):
        deletion = env.request_deletion(request.backup_id or "")
    assert "answered 403" in env.ended(deletion).error_message
    assert_all_ended(env)
    backup = env.backup(request.backup_id)
    assert backup is not None
    assert backup.status == "error"
    env.demo.faults.clear()
    env.succeeded(env.request_deletion(backup.id))
    env.assert_nothing_left()


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


def boots_from_image(step: str) -> tuple[str, int]:
    """Name a server for a step, and count its volumes: db1 boots from a volume, web1 from an image."""
    return ("web1", 1) if step in ("image", "saved", "copy", "rebuild") else ("db1", 3)


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


@pytest.mark.parametrize(
    ("kind", "step", "place"),
    [
        pytest.param(
            *one, id=f"{one[0]} {one[1]}: {one[2]}", marks=() if number == 7 else pytest.mark.thorough
        )
        for number, one in enumerate(ROOT_DEATHS)
    ],
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


@pytest.mark.parametrize(
    ("step", "place"),
    [
        pytest.param(step, place, id=f"{step}: {place}", marks=pytest.mark.thorough)
        for step in steps_of(JOB_TYPES[RESTORE], failing="rebuild")
        for place in (AT_COMMIT, AT_END)
    ],
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


ELSEWHERE_DEATHS = (
    *(("transfer", ("volume POST /os-volume-transfer", after)) for after in range(6)),
    ("transfer", AT_COMMIT),
    ("transfer", AT_END),
)
"""Of three disks each is offered and taken: six calls."""


@pytest.mark.parametrize(
    ("step", "place"),
    [
        pytest.param(*one, id=f"{one[0]}: {one[1]}", marks=() if number == 1 else pytest.mark.thorough)
        for number, one in enumerate(ELSEWHERE_DEATHS)
    ],
)
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


@pytest.mark.parametrize(
    ("step", "place"),
    [
        pytest.param(*one, id=f"{one[0]}: {one[1]}", marks=() if number == 0 else pytest.mark.thorough)
        for number, one in enumerate(ELSEWHERE_WAY_BACK)
    ],
)
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
    with env.cloud_kept():
        was = env.things()
        with death(env, workers, place):
            restore = env.request_elsewhere(request.backup_id or "")
        assert "answered 403" in env.ended(restore).error_message
        assert_all_ended(env)
        assert env.things() == was
        assert env.upstream("transfer") == []
        env.assert_nothing_left(backups_left=3)
    env.demo.faults.clear()


@in_each(RESTORE_NEW_SERVER, failing="boot")
def test_a_restore_as_a_new_server_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(RESTORE_NEW_SERVER, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with env.failing("server.built"), env.losing("db1"):
        was = env.things()
        with death(env, workers, place):
            restore = env.request_new_server(request.backup_id or "")
        assert "as requested" in env.ended(restore).error_message
        assert_all_ended(env)
        assert env.things() == was
        env.assert_nothing_left(backups_left=3)


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
    with application_lost(env) as (checkpoint, mapping):
        was = env.things()
        with env.failing("server.built"):
            with death(env, workers, place):
                restore = env.request_checkpoint(checkpoint, **mapping)
            assert "as requested" in env.ended(restore).error_message
            assert_all_ended(env)
            assert env.things() == was
            env.assert_nothing_left(backups_left=3)


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
    with env.cloud_kept():
        was = env.things()
        refused = env.demo.faults.inject(
            service="compute", method="POST", path=f"{server}/os-volume_attachments$", status=400, times=0
        )
        with death(env, workers, place):
            restore = env.request_new_volume(request.backup_id or "", server_id=server)
        assert "step attach" in env.ended(restore).error_message
        assert_all_ended(env)
        assert refused.hits
        assert env.things() == was
        env.assert_nothing_left(backups_left=1)
    env.demo.faults.clear()


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
    was = env.things()
    with death(env, workers, place):
        drill = env.request_drill(request.backup_id or "")
    env.succeeded(drill)
    assert_all_ended(env)
    assert env.drill(drill).verdict == "unchecked"
    assert env.things() == was
    env.assert_nothing_left(backups_left=3)


@in_each(DRILL, failing="boot")
def test_a_drill_that_fails_leaves_nothing_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(DRILL, step, place))
    request = env.request_backup(env.bind("db1"))
    env.succeeded(request)
    with env.failing("server.built"):
        was = env.things()
        with death(env, workers, place):
            drill = env.request_drill(request.backup_id or "")
        assert "as requested" in env.ended(drill).error_message
        assert_all_ended(env)
        assert env.drill(drill).verdict == "failed"
        assert env.things() == was
        env.assert_nothing_left(backups_left=3)


REMOVAL_CALLS: dict[str, list[Call]] = {
    "delete": [("volume GET /backups/[0-9a-f-]{36}$", 0), ("volume DELETE /backups/[0-9a-f-]{36}$", 1)]
}


@in_each(REMOVE_RESOURCE, REMOVAL_CALLS)
def test_a_removal_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(REMOVE_RESOURCE, step, place))
    bound = env.bind("web1")
    made = backed_up(env, bound, 2)
    with death(env, workers, place):
        removal = env.request_removal(bound)
    details = env.succeeded(removal).details
    assert (details["total_count"], details["fail_count"]) == (2, 0)
    assert_all_ended(env)
    assert env.resource(bound) is None
    assert [env.backup(one, held=True) for one in made] == [None, None]
    with env.database.read() as conn:
        assert vaults.get(conn, env.project_id, bound.vault_id) is not None, "the vault stays"
    env.assert_nothing_left()
    assert_made_once(env, 2)


@in_each(REMOVE_RESOURCE, failing="delete")
def test_a_resource_that_cannot_go_says_so_and_stays_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(REMOVE_RESOURCE, step, place))
    bound = env.bind("web1")
    (made,) = backed_up(env, bound)
    refuse_deletions(env)
    with death(env, workers, place):
        removal = env.request_removal(bound)
    log = env.ended(removal)
    assert (log.status, log.error_code, log.details["fail_count"]) == ("failed", "6115", 1)
    assert "answered 403" in log.error_message
    assert_all_ended(env)
    backup = env.backup(made)
    assert backup is not None
    assert backup.status == "error"
    env.demo.faults.clear()
    env.succeeded(env.request_removal(bound))
    assert env.resource(bound) is None
    env.assert_nothing_left()


@in_each(VAULT_DELETE)
def test_a_vaults_deletion_goes_on_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(VAULT_DELETE, step, place))
    bound = env.bind("web1")
    env.succeeded(env.request_backup(bound))
    with death(env, workers, place):
        deletion = env.request_vault_deletion(bound)
    assert env.succeeded(deletion).details["total_count"] == 1
    assert_all_ended(env)
    with env.database.read() as conn:
        assert vaults.get(conn, env.project_id, bound.vault_id) is None
    env.assert_nothing_left()


@in_each(VAULT_DELETE, failing="delete")
def test_a_vault_that_cannot_go_says_so_wherever_its_worker_dies(
    env: JobEnv, workers: WorkerProcesses, step: str, place: Any
) -> None:
    workers.start("w1", hold(VAULT_DELETE, step, place))
    bound = env.bind("web1")
    env.succeeded(env.request_backup(bound))
    refuse_deletions(env)
    with death(env, workers, place):
        deletion = env.request_vault_deletion(bound)
    log = env.ended(deletion)
    assert (log.status, log.error_code, log.details["fail_count"]) == ("failed", "6115", 1)
    assert_all_ended(env)
    env.demo.faults.clear()
    env.succeeded(env.request_vault_deletion(bound))
    env.assert_nothing_left()


def test_no_job_of_the_workers_is_forgotten_here() -> None:
    wanted = {(kind, failing) for kind in JOB_TYPES for failing in (False, True)}
    missing = [
        f'@in_each({kind}, failing="<a step>")' if failing else f"@in_each({kind})"
        for kind, failing in sorted(wanted - KILLED)
    ]
    assert not missing, f"no test of this module has {' nor '.join(missing)} (docs/howto/add-a-job.md)"


def test_a_frozen_worker_wakes_up_and_does_no_harm(env: JobEnv, workers: WorkerProcesses) -> None:
    # It waits for an answer until it is frozen, however long that takes: else it could end the job itself before.
    held = env.demo.faults.inject(service="volume", method="GET", path="/backups/detail$", held=True)
    workers.start("w1")
    request = env.request_backup(env.bind("db1"))
    eventually(lambda: held.hits, "the wait for the backups")
    freeze(workers.processes, "w1", env.url)
    workers.start("w2")
    env.succeeded(request)
    calls = len(env.demo.calls.find("volume"))
    env.demo.faults.clear()
    workers.processes.send("w1", signal.SIGCONT)
    assert workers.processes.wait("w1") == LEASE_LOST, (
        f"it knows that it was declared dead: {workers.processes.errors()}"
    )
    writes = [row for row in env.demo.calls.find("volume")[calls:] if row.method != "GET"]
    assert writes == []
    env.assert_nothing_left(backups_left=3)
    assert_made_once(env, 3)


@on_postgres
def test_jobs_survive_a_database_that_hangs_up_on_them(env: JobEnv, workers: WorkerProcesses) -> None:
    workers.start("w1")
    requests = [env.request_backup(env.bind(name)) for name in ("db1", "web1")]
    for _ in range(10):
        hang_up(env.url)
        time.sleep(0.3)
    env.database.dispose()  # the test's own sessions were ended too
    for request in requests:
        env.succeeded(request)
    assert_all_ended(env)
    env.assert_nothing_left(backups_left=4)
    assert_made_once(env, 4)


@on_postgres
def test_jobs_survive_a_database_that_is_away_for_longer_than_a_lease(
    env: JobEnv, workers: WorkerProcesses
) -> None:
    workers.start("w1")
    workers.start("w2")
    requests = [env.request_backup(env.bind(name)) for name in ("db1", "web1")]
    for _ in range(2):
        with cut_off(env.url):
            time.sleep(2 * QUICK.lease_seconds)
        time.sleep(0.5)
    env.database.dispose()
    for request in requests:
        env.succeeded(request)
    assert_all_ended(env)
    env.assert_nothing_left(backups_left=4)
    assert_made_once(env, 4)


def test_a_worker_told_to_stop_leaves_its_job_to_the_next(env: JobEnv, workers: WorkerProcesses) -> None:
    held = slow(env, "volume GET /backups/detail$")
    workers.start("w1")
    request = env.request_backup(env.bind("web1"))
    eventually(lambda: held.hits, "the wait for the backup")
    workers.processes.stop("w1")
    workers.start("w2")
    env.succeeded(request)
    env.assert_nothing_left(backups_left=1)
    assert_made_once(env, 1)


@pytest.mark.thorough
def test_many_jobs_survive_many_deaths(env: JobEnv, workers: WorkerProcesses) -> None:
    whims = random.Random(1)
    bounds = [env.bind("db1"), env.bind("web1"), env.bind("café-文")]
    workers.start("w0")
    requests: list[OperationLog] = []
    for number in range(1, 5):
        if number in (1, 3):
            for request in requests:
                env.ended(request)
            requests += [env.request_backup(bound) for bound in bounds]
        time.sleep(whims.uniform(0.2, 1.5))  # where it dies is the point, not when
        workers.processes.send(f"w{number - 1}", signal.SIGKILL)
        workers.start(f"w{number}")
    for request in requests:
        env.succeeded(request)
    env.assert_nothing_left(backups_left=10)
    assert_made_once(env, 10)
