"""The worker of this room runs in the test's own process, so that a test can hold back or cut off what it does."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.jobs.worker import Worker
from support.databases import KINDS, Databases
from support.job_env import STEADY, JobEnv, empty_env


@pytest.fixture(scope="module", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo: DemoCloud,
    databases: Databases,
) -> Iterator[JobEnv]:
    with empty_env(request.param, tmp_path_factory.mktemp("env"), demo, databases) as env:
        yield env


@pytest.fixture(scope="module")
def worker(place: JobEnv) -> Iterator[None]:
    worker = Worker(
        database=place.database, cloud=place.cloud, records=place.records, clock=place.clock, settings=STEADY
    )
    worker.start()
    yield
    worker.stop()
