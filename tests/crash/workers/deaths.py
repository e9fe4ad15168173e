"""Where a worker dies in a job (in an upstream call, before a commit, at the end of a step), and what holds afterwards."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from crash.journal import unfinished
from opencbr.democloud.faults import Fault
from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.operation_log import BACKUP, DELETE, RESTORE, RESTORE_NEW_SERVER
from opencbr.store import operation_logs, tables
from support.job_env import PATIENT, JobEnv, eventually
from support.processes import Processes
from support.worker import AT_COMMIT, AT_END, Hold, work

from .steps import steps_of

HELD = 1.0
"""Seconds a call hangs while its worker is killed: less than a lease, as a call in flight outlives its caller only so long."""


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


Call = tuple[str, int]
"""One upstream call, and how many like it go well before."""


def slow(env: JobEnv, call: str, after: int = 0) -> Fault:
    """Let an upstream call hang, so that its worker can be killed meanwhile."""
    service, method, path = call.split(" ")
    return env.demo.faults.inject(
        service=service, method=method, path=path, delay_seconds=HELD, after=after, times=1
    )


FAST = {BACKUP: AT_COMMIT, DELETE: tuple, RESTORE: AT_END, RESTORE_NEW_SERVER: tuple}
"""The jobs of which the fast suite has a death: in a call, before a commit, or at the end of a step."""

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
    The fast suite has one death of the jobs in FAST, and one after a failed backup; the others are thorough.
    """
    steps, calls = steps_of(JOB_TYPES[kind], failing=failing, cancelled=cancelled), calls or {}
    if cancelled is None:
        KILLED.add((kind, failing is not None))
    assert steps, "a job has steps"
    assert calls.keys() <= set(steps), f"the steps are {steps}"
    places = [(step, place) for step in steps for place in (*calls.get(step, [AT_COMMIT]), AT_END)]
    fast = None
    if (failing is None or kind == BACKUP) and cancelled is None:
        fast = next((one for one in places if FAST.get(kind) in (type(one[1]), one[1])), None)
    return at_each(places, fast)


def at_each(
    places: Sequence[tuple[str, str | Call]], fast: tuple[str, str | Call] | None = None
) -> pytest.MarkDecorator:
    """Die at each place, a step's name and where in it; the fast suite has one of them, or none."""
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


def boots_from_image(step: str) -> tuple[str, int]:
    """Name a server for a step, and count its volumes: db1 boots from a volume, web1 from an image."""
    return ("web1", 1) if step in ("image", "saved", "copy", "rebuild") else ("db1", 3)


@contextmanager
def nothing_left(env: JobEnv, backups: int) -> Iterator[None]:
    """Hold that all has ended after this block, that the cloud has what it had before it, and that of ours the backups stay."""
    was = env.things()
    yield
    assert_all_ended(env)
    assert env.things() == was
    env.assert_nothing_left(backups_left=backups)


def refuse_deletions(env: JobEnv) -> None:
    env.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
