"""kill -9 right after one commit of a deletion along a chain: the next worker ends it, and nothing stays held."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from opencbr.jobs.settings import WorkerSettings
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from support.job_env import PATIENT, STEADY, JobEnv, eventually
from support.job_steps import backed_up, rows
from support.killed_worker import work_until
from support.processes import LEASE_LOST, Processes
from support.worker import work

pytestmark = pytest.mark.kill


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    timing = Timing(seconds=0.05, backup_seconds=0.1, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=timing) as cloud:
        yield cloud


class WorkerProcesses:
    """Worker processes, each of an environment; with a function's name a worker dies after that (`support.killed_worker`)."""

    def __init__(self, folder: Path) -> None:
        self.processes = Processes(folder / "errors.txt")

    def start(
        self, env: JobEnv, name: str, dies_after: str | None = None, settings: WorkerSettings = PATIENT
    ) -> None:
        program, last = (work, None) if dies_after is None else (work_until, dies_after)
        self.processes.start(name, program, env.url, env.folder, name, last, settings=settings)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[WorkerProcesses]:
    workers = WorkerProcesses(tmp_path)
    yield workers
    workers.processes.close()


def held_chain(env: JobEnv, workers: WorkerProcesses, length: int) -> tuple[Resource, str]:
    """Backups made by a worker that then stops in order; all but the newest are deleted for their user, and held."""
    workers.start(env, "w0", settings=STEADY)
    bound = env.bind("web1")
    *older, newest = backed_up(env, bound, length)
    for one in older:
        env.succeeded(env.request_deletion(one))
    workers.processes.stop("w0")
    return bound, newest


def dies_and_another_goes_on(
    env: JobEnv, workers: WorkerProcesses, place: str, request: Callable[[], OperationLog]
) -> None:
    workers.start(env, "w1", place)
    requested = request()
    # Who looks after the workers starts one again that a busy machine has declared dead.
    while (status := workers.processes.wait("w1", 600)) == LEASE_LOST:
        workers.start(env, "w1", place)
    assert status == -signal.SIGKILL, env.log(requested)
    workers.start(env, "w2")
    env.succeeded(requested)
    assert rows(env) == 0
    env.assert_nothing_left()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize(
    "place",
    [
        "jobs.delete.job.start_deleting",
        "jobs.upstream.removal._strike",
        "jobs.backup_chains._write_erased",
        "jobs.backup_chains._claim",
        "jobs.backup_chains._write_settled",
    ],
)
def test_a_deletion_killed_anywhere_takes_the_held_ones_along(
    env: JobEnv, workers: WorkerProcesses, place: str
) -> None:
    _, newest = held_chain(env, workers, 3)
    dies_and_another_goes_on(env, workers, place, lambda: env.request_deletion(newest))


@pytest.mark.thorough
@pytest.mark.parametrize("place", ["jobs.backup_chains._write_erased", "jobs.backup_chains._write_settled"])
def test_the_end_of_a_vault_killed_anywhere_takes_the_held_ones_along(
    env: JobEnv, workers: WorkerProcesses, place: str
) -> None:
    bound, _ = held_chain(env, workers, 2)
    dies_and_another_goes_on(env, workers, place, lambda: env.request_vault_deletion(bound))


@pytest.mark.thorough
@pytest.mark.parametrize("place", ["jobs.backup_chains._claim", "jobs.backup_chains._write_settled"])
def test_a_compensation_killed_anywhere_takes_the_held_ones_along(
    database_url: str, tmp_path: Path, workers: WorkerProcesses, place: str
) -> None:
    """The parent's user deleted it while its only incremental was being made, and that is cancelled then."""
    with DemoCloud(tmp_path / "cloud", timing=Timing.manual()) as cloud:
        env = JobEnv(database_url, tmp_path, cloud)
        workers.start(env, "w1", place)
        bound = env.bind("web1")
        parent = env.request_backup(bound)
        eventually(lambda: cloud.advance(1) or env.log(parent).ended_at, "the first backup")
        request = env.request_backup(bound)
        eventually(lambda: cloud.advance(1) or len(env.posts("/snapshots$")) == 2, "the second snapshot")
        eventually(lambda: cloud.advance(1) or len(env.posts("/backups$")) == 2, "the second Cinder backup")
        env.succeeded(env.request_deletion(parent.backup_id or ""))
        env.cancel(request)
        eventually(
            lambda: cloud.advance(1) or workers.processes.wait("w1", 0) is not None, "the death of the worker"
        )
        workers.start(env, "w2")
        eventually(lambda: cloud.advance(1) or env.log(request).ended_at, "the end of the second backup")
        env.assert_failed_cleanly(request, "cancelled by request")
        assert rows(env) == 1, "the failed backup's own"
        env.close()
