"""The engine's journal is lost, or was not restored with the database: jobs under way begin anew and end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.pace import Pace
from support.workers import Workers
from support.yard import Yard, eventually

Look = Callable[[Yard], object]

MOMENTS: dict[str, Look] = {
    "snapshots": lambda yard: yard.posts("/snapshots$"),
    "wait": lambda yard: yard.posts("/backups$"),
}


@pytest.fixture
def start() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_that_the_journal_does_not_know_begins_anew(
    tmp_path: Path,
    start: Workers,
    moment: str,
) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.manual()) as cloud:
        yard = Yard(f"sqlite:///{tmp_path}/opencbr.db", tmp_path, cloud)
        first = start(yard, "w1")
        order = yard.order_backup(yard.bind("web1"))
        if moment == "wait":
            eventually(lambda: yard.posts("/snapshots$"), "the snapshot")
            cloud.advance(1)
        eventually(lambda: MOMENTS[moment](yard), moment)
        first.kill()
        first.wait()
        for file in tmp_path.glob("opencbr.db.jobs*"):
            file.unlink()
        start(yard, "w2")
        eventually(lambda: cloud.advance(1) or yard.log(order).ended_at, "the end of the backup")
        yard.succeeded(order)
        assert len(yard.posts("/snapshots$")) == 1 == len(yard.posts("/backups$")), "none made twice"
        yard.assert_nothing_left(backups_left=1)
        yard.close()


def test_a_finished_job_is_not_begun_anew(tmp_path: Path, start: Workers) -> None:
    with DemoCloud(tmp_path / "cloud", pace=Pace.instant()) as cloud:
        yard = Yard(f"sqlite:///{tmp_path}/opencbr.db", tmp_path, cloud)
        first = start(yard, "w1")
        bound = yard.bind("web1")
        done = yard.order_backup(bound)
        yard.succeeded(done)
        start.stop(first)
        for file in tmp_path.glob("opencbr.db.jobs*"):
            file.unlink()
        start(yard, "w2")
        yard.succeeded(yard.order_delete(done.backup_id or ""))
        assert len(yard.posts("/backups$")) == 1
        yard.assert_nothing_left()
        yard.close()
