"""Workers that freeze, that are told to stop, that die again and again, and whose database goes away."""

import random
import signal
import time

import pytest

from crash.journal import freeze
from opencbr.model.operation_log import OperationLog
from support.databases import KINDS
from support.job_env import QUICK, JobEnv, eventually
from support.postgres import cut_off, hang_up
from support.processes import LEASE_LOST

from .deaths import WorkerProcesses, assert_all_ended, assert_made_once, slow

pytestmark = pytest.mark.kill


on_postgres = pytest.mark.parametrize("dialect", KINDS[1:])


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
