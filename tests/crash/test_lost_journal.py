"""The engine's journal is lost, or was not restored with the database: jobs under way begin anew and end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from support.databases import SQLITE, Databases
from support.job_env import JobEnv, eventually
from support.processes import Processes
from support.worker import work

pytestmark = pytest.mark.kill


Look = Callable[[JobEnv], object]

MOMENTS: dict[str, Look] = {
    "snapshots": lambda env: env.posts("/snapshots$"),
    "wait": lambda env: env.posts("/backups$"),
}


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Processes]:
    workers = Processes(tmp_path / "errors.txt")
    yield workers
    workers.close()


@contextmanager
def env_on(timing: Timing, folder: Path, databases: Databases) -> Iterator[JobEnv]:
    """An environment on SQLite: there the journal is a file of its own, in PostgreSQL it is restored with the rest."""
    with DemoCloud(folder / "cloud", timing=timing) as cloud, databases.fresh(SQLITE, folder) as url:
        env = JobEnv(url, folder, cloud)
        yield env
        env.close()


def lose_journal(env: JobEnv) -> None:
    files = list(env.folder.glob("opencbr.db.jobs*"))
    assert files
    for file in files:
        file.unlink()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_that_the_journal_does_not_know_begins_anew(
    tmp_path: Path,
    databases: Databases,
    workers: Processes,
    moment: str,
) -> None:
    with env_on(Timing.manual(), tmp_path, databases) as env:
        cloud = env.demo
        workers.start("w1", work, env.url, env.folder, "w1", None)
        request = env.request_backup(env.bind("web1"))
        if moment == "wait":
            eventually(lambda: env.posts("/snapshots$"), "the snapshot")
            cloud.advance(1)
        eventually(lambda: MOMENTS[moment](env), moment)
        workers.send("w1", signal.SIGKILL)
        lose_journal(env)
        workers.start("w2", work, env.url, env.folder, "w2", None)
        eventually(lambda: cloud.advance(1) or env.log(request).ended_at, "the end of the backup")
        env.succeeded(request)
        assert len(env.posts("/snapshots$")) == 1 == len(env.posts("/backups$")), "none made twice"
        env.assert_nothing_left(backups_left=1)


def test_a_finished_job_is_not_begun_anew(tmp_path: Path, databases: Databases, workers: Processes) -> None:
    with env_on(Timing.instant(), tmp_path, databases) as env:
        workers.start("w1", work, env.url, env.folder, "w1", None)
        bound = env.bind("web1")
        done = env.request_backup(bound)
        env.succeeded(done)
        workers.stop("w1")
        lose_journal(env)
        workers.start("w2", work, env.url, env.folder, "w2", None)
        env.succeeded(env.request_deletion(done.backup_id or ""))
        assert len(env.posts("/backups$")) == 1
        env.assert_nothing_left()
