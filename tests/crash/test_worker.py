"""kill -9 of the worker inside each step: another identity ends the job, nothing is left upstream, nothing was made twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.faults import Order
from opencbr.democloud.pace import Pace
from opencbr.model.operation_log import OperationLog
from support.yard import Yard, eventually

PROGRAM = Path(__file__).with_name("worker_process.py")
TESTS = Path(__file__).parents[1]
HELD = 1.0
"""Seconds a call hangs while its worker is killed: less than a lease, as a call in flight outlives its caller only so long."""


class Staff:
    """Worker processes of one yard."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.errors = yard.folder / "errors.txt"
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        command = [sys.executable, str(PROGRAM), self.yard.url, str(self.yard.folder), name]
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        with self.errors.open("ab") as errors:
            self.processes[name] = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | {"PYTHONPATH": path},
            )
        out = self.processes[name].stdout
        assert out is not None
        assert out.readline() == "up\n", self.errors.read_text()[-3000:]

    def send(self, name: str, what: signal.Signals) -> None:
        self.processes[name].send_signal(what)
        if what is signal.SIGKILL:
            self.processes[name].wait()

    def close(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    pace = Pace(seconds=0.05, backup_seconds=0.4, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), pace=pace) as cloud:
        yield cloud


@pytest.fixture
def yard(database_url: str, tmp_path: Path, demo: DemoCloud) -> Iterator[Yard]:
    yard = Yard(database_url, tmp_path, demo)
    yield yard
    yard.clear()
    yard.close()


@pytest.fixture
def staff(yard: Yard) -> Iterator[Staff]:
    staff = Staff(yard)
    yield staff
    staff.close()


def hold(yard: Yard, call: str, *, after: int = 0) -> Order:
    service, method, path = call.split(" ")
    return yard.demo.faults.order(
        service=service, method=method, path=path, delay_seconds=HELD, after=after, times=1
    )


def kill_inside(yard: Yard, staff: Staff, held: Order) -> None:
    eventually(lambda: held.hits, f"{held.method} {held.path} begins")
    staff.send("w1", signal.SIGKILL)
    staff.start("w2")


def assert_made_once(yard: Yard, disks: int) -> None:
    assert len(yard.posts("/snapshots$")) == disks
    assert len(yard.posts("/backups$")) == disks


BACKUP_STEPS = {
    "capture": ("compute GET /servers/", 0),
    "snapshots, while one is asked for": ("volume POST /snapshots$", 1),
    "snapshots, while they are waited for": ("volume GET /snapshots/[0-9a-f]", 1),
    "recapture": ("compute GET /os-interface$", 1),
    "backups": ("volume POST /backups$", 1),
    "wait": ("volume GET /backups/[0-9a-f-]{36}$", 3),
    "export": ("volume GET /export_record$", 1),
    "release": ("volume DELETE /snapshots/", 1),
}


@pytest.mark.parametrize("step", BACKUP_STEPS)
def test_a_backup_goes_on_wherever_its_worker_dies(yard: Yard, staff: Staff, step: str) -> None:
    call, after = BACKUP_STEPS[step]
    held = hold(yard, call, after=after)
    staff.start("w1")
    order = yard.order_backup(yard.bind("db1"))
    kill_inside(yard, staff, held)
    yard.succeeded(order)
    backup = yard.backup(order.backup_id)
    assert backup is not None
    assert backup.status == "available"
    assert [disk.status for disk in yard.disks(backup.id)] == ["available"] * 3
    yard.assert_nothing_left(backups_left=3)
    assert_made_once(yard, 3)


@pytest.mark.parametrize("call", ["GET", "DELETE"])
def test_a_deletion_goes_on_wherever_its_worker_dies(yard: Yard, staff: Staff, call: str) -> None:
    staff.start("w1")
    order = yard.order_backup(yard.bind("web1"))
    yard.succeeded(order)
    held = hold(yard, f"volume {call} /backups/[0-9a-f-]{{36}}$")
    deletion = yard.order_delete(order.backup_id or "")
    kill_inside(yard, staff, held)
    yard.succeeded(deletion)
    assert yard.backup(order.backup_id, held=True) is None
    yard.assert_nothing_left()


@pytest.mark.parametrize("call", ["volume DELETE /backups/", "volume DELETE /snapshots/"])
def test_a_compensation_goes_on_wherever_its_worker_dies(yard: Yard, staff: Staff, call: str) -> None:
    waiting = yard.demo.faults.order(
        service="volume", method="GET", path="/backups/[0-9a-f-]{36}$", delay_seconds=HELD
    )
    held = hold(yard, call)
    staff.start("w1")
    order = yard.order_backup(yard.bind("db1"))
    eventually(lambda: waiting.hits, "the wait for the backups")
    yard.cancel(order)
    kill_inside(yard, staff, held)
    yard.assert_failed_cleanly(order, "step wait: cancelled by request")
    assert_made_once(yard, 3)


def test_a_frozen_worker_wakes_up_and_does_no_harm(yard: Yard, staff: Staff) -> None:
    held = hold(yard, "volume GET /backups/[0-9a-f-]{36}$")
    staff.start("w1")
    order = yard.order_backup(yard.bind("db1"))
    eventually(lambda: held.hits, "the wait for the backups")
    staff.send("w1", signal.SIGSTOP)
    staff.start("w2")
    yard.succeeded(order)
    calls = len(yard.demo.faults.seen("volume"))
    staff.send("w1", signal.SIGCONT)
    assert staff.processes["w1"].wait(30) == 75, "it knows that it was declared dead"
    writes = [row for row in yard.demo.faults.seen("volume")[calls:] if row.method != "GET"]
    assert writes == []
    yard.assert_nothing_left(backups_left=3)
    assert_made_once(yard, 3)


def test_a_worker_told_to_stop_leaves_its_job_to_the_next(yard: Yard, staff: Staff) -> None:
    held = hold(yard, "volume GET /backups/[0-9a-f-]{36}$")
    staff.start("w1")
    order = yard.order_backup(yard.bind("web1"))
    eventually(lambda: held.hits, "the wait for the backup")
    staff.send("w1", signal.SIGINT)
    staff.processes["w1"].wait(30)
    staff.start("w2")
    yard.succeeded(order)
    yard.assert_nothing_left(backups_left=1)
    assert_made_once(yard, 1)


def test_many_jobs_survive_many_deaths(yard: Yard, staff: Staff) -> None:
    whims = random.Random(1)
    bounds = [yard.bind("db1"), yard.bind("web1"), yard.bind("café-文")]
    staff.start("w0")
    orders: list[OperationLog] = []
    for number in range(1, 5):
        if number in (1, 3):
            for order in orders:
                yard.ended(order)
            orders += [yard.order_backup(bound) for bound in bounds]
        time.sleep(whims.uniform(0.2, 1.5))  # where it dies is the point, not when
        staff.send(f"w{number - 1}", signal.SIGKILL)
        staff.start(f"w{number}")
    for order in orders:
        yard.succeeded(order)
    yard.assert_nothing_left(backups_left=10)
    assert_made_once(yard, 10)
