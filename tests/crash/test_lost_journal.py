"""The engine's journal is lost, or was not restored with the database: jobs under way begin anew and end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from support.databases import SQLITE, Databases
from support.processes import Processes
from support.worker import work
from support.yard import Yard, eventually

Look = Callable[[Yard], object]

MOMENTS: dict[str, Look] = {
    "snapshots": lambda yard: yard.posts("/snapshots$"),
    "wait": lambda yard: yard.posts("/backups$"),
}


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Processes]:
    workers = Processes(tmp_path / "errors.txt")
    yield workers
    workers.close()


@contextmanager
def yard_on(timing: Timing, folder: Path, databases: Databases) -> Iterator[Yard]:
    """A yard on SQLite: there the journal is a file of its own, in PostgreSQL it is restored with the rest."""
    with DemoCloud(folder / "cloud", timing=timing) as cloud, databases.fresh(SQLITE, folder) as url:
        yard = Yard(url, folder, cloud)
        yield yard
        yard.close()


def lose_journal(yard: Yard) -> None:
    files = list(yard.folder.glob("opencbr.db.jobs*"))
    assert files
    for file in files:
        file.unlink()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_that_the_journal_does_not_know_begins_anew(
    tmp_path: Path,
    databases: Databases,
    workers: Processes,
    moment: str,
) -> None:
    with yard_on(Timing.manual(), tmp_path, databases) as yard:
        cloud = yard.demo
        workers.start("w1", work, yard.url, yard.folder, "w1", None)
        order = yard.order_backup(yard.bind("web1"))
        if moment == "wait":
            eventually(lambda: yard.posts("/snapshots$"), "the snapshot")
            cloud.advance(1)
        eventually(lambda: MOMENTS[moment](yard), moment)
        workers.send("w1", signal.SIGKILL)
        lose_journal(yard)
        workers.start("w2", work, yard.url, yard.folder, "w2", None)
        eventually(lambda: cloud.advance(1) or yard.log(order).ended_at, "the end of the backup")
        yard.succeeded(order)
        assert len(yard.posts("/snapshots$")) == 1 == len(yard.posts("/backups$")), "none made twice"
        yard.assert_nothing_left(backups_left=1)


def test_a_finished_job_is_not_begun_anew(tmp_path: Path, databases: Databases, workers: Processes) -> None:
    with yard_on(Timing.instant(), tmp_path, databases) as yard:
        workers.start("w1", work, yard.url, yard.folder, "w1", None)
        bound = yard.bind("web1")
        done = yard.order_backup(bound)
        yard.succeeded(done)
        workers.send("w1", signal.SIGINT)
        workers.wait("w1")
        lose_journal(yard)
        workers.start("w2", work, yard.url, yard.folder, "w2", None)
        yard.succeeded(yard.order_delete(done.backup_id or ""))
        assert len(yard.posts("/backups$")) == 1
        yard.assert_nothing_left()
