"""A yard with a worker, shared by all tests of the room; each test finds it empty."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from support.databases import KINDS, Databases
from support.processes import Processes
from support.worker import work
from support.yard import Yard


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    timing = Timing(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=timing) as cloud:
        yield cloud


@pytest.fixture(scope="session", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo: DemoCloud,
    databases: Databases,
) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("yard")
    with databases.fresh(request.param, folder) as url:
        yard = Yard(url, folder, demo)
        yield yard
        yard.close()


@pytest.fixture(scope="session")
def worker(place: Yard) -> Iterator[None]:
    processes = Processes(place.folder / "errors.txt")
    processes.start("worker", work, place.url, place.folder, "worker")
    yield
    processes.close()


@pytest.fixture
def yard(place: Yard) -> Iterator[Yard]:
    yield place
    place.clear()
