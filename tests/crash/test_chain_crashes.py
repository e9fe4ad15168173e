"""kill -9 right after one commit of a deletion along a chain: the next worker ends it, and nothing stays held."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.pace import Pace
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from support.deeds import backed_up, rows
from support.workers import Workers
from support.yard import Yard, eventually


@pytest.fixture(scope="session")
def quick_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    pace = Pace(seconds=0.05, backup_seconds=0.1, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), pace=pace) as cloud:
        yield cloud


@pytest.fixture
def yard(database_url: str, tmp_path: Path, quick_cloud: DemoCloud) -> Iterator[Yard]:
    yard = Yard(database_url, tmp_path, quick_cloud)
    yield yard
    yard.clear()
    yard.close()


@pytest.fixture
def start() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


def held_chain(yard: Yard, start: Workers, length: int) -> tuple[Resource, str]:
    """Backups made by a worker that then stops in order; all but the newest are deleted for their user, and held."""
    first = start(yard, "w0")
    bound = yard.bind("web1")
    *older, newest = backed_up(yard, bound, length)
    for one in older:
        yard.succeeded(yard.order_delete(one))
    start.stop(first)
    return bound, newest


def dies_and_another_goes_on(
    yard: Yard, start: Workers, place: str, order: Callable[[], OperationLog]
) -> None:
    dying = start(yard, "w1", place)
    ordered = order()
    assert dying.wait(60) == -signal.SIGKILL
    start(yard, "w2")
    yard.succeeded(ordered)
    assert rows(yard) == 0
    yard.assert_nothing_left()


@pytest.mark.parametrize(
    "place",
    [
        "delete.start_deleting",
        "upstream._strike",
        "chains._write_erased",
        "chains._claim",
        "chains._write_settled",
    ],
)
def test_a_deletion_killed_anywhere_takes_the_held_ones_along(yard: Yard, start: Workers, place: str) -> None:
    _, newest = held_chain(yard, start, 3)
    dies_and_another_goes_on(yard, start, place, lambda: yard.order_delete(newest))


@pytest.mark.parametrize("place", ["chains._write_erased", "chains._write_settled"])
def test_the_end_of_a_vault_killed_anywhere_takes_the_held_ones_along(
    yard: Yard, start: Workers, place: str
) -> None:
    bound, _ = held_chain(yard, start, 2)
    dies_and_another_goes_on(yard, start, place, lambda: yard.order_vault_deletion(bound))


@pytest.mark.parametrize("place", ["chains._claim", "chains._write_settled"])
def test_a_compensation_killed_anywhere_takes_the_held_ones_along(
    database_url: str, tmp_path: Path, start: Workers, place: str
) -> None:
    """The parent's user deleted it while its only incremental was being made, and that is cancelled then."""
    with DemoCloud(tmp_path / "cloud", pace=Pace.manual()) as cloud:
        yard = Yard(database_url, tmp_path, cloud)
        dying = start(yard, "w1", place)
        bound = yard.bind("web1")
        parent = yard.order_backup(bound)
        eventually(lambda: cloud.advance(1) or yard.log(parent).ended_at, "the first backup")
        order = yard.order_backup(bound)
        eventually(lambda: cloud.advance(1) or len(yard.posts("/snapshots$")) == 2, "the second snapshot")
        eventually(lambda: cloud.advance(1) or len(yard.posts("/backups$")) == 2, "the second copy")
        yard.succeeded(yard.order_delete(parent.backup_id or ""))
        yard.cancel(order)
        eventually(lambda: cloud.advance(1) or dying.poll() is not None, "the death of the worker")
        start(yard, "w2")
        eventually(lambda: cloud.advance(1) or yard.log(order).ended_at, "the end of the second backup")
        yard.assert_failed_cleanly(order, "cancelled by request")
        assert rows(yard) == 1, "the failed backup's own"
        yard.close()
