"""A yard with a worker in this process, shared by the tests of a module; each test finds it empty."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.pace import Pace
from opencbr.jobs.worker import Worker
from support.yard import QUICK, Yard


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    pace = Pace(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), pace=pace) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, demo: DemoCloud) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("yard")
    yard = Yard(f"sqlite:///{folder}/opencbr.db", folder, demo)
    yield yard
    yard.close()


@pytest.fixture(scope="session")
def worker(place: Yard) -> Iterator[Worker]:
    worker = Worker(
        database=place.database, cloud=place.cloud, records=place.records, clock=place.clock, settings=QUICK
    )
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def yard(place: Yard) -> Iterator[Yard]:
    yield place
    place.clear()
