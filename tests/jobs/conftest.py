"""A job environment with a worker, shared by the tests of a module; each test finds it empty."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from support.bad_answers import Runner, opened_runner
from support.databases import KINDS, Databases
from support.job_env import STEADY, JobEnv, empty_env
from support.processes import Processes
from support.worker import work


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    timing = Timing(seconds=0.05, backup_seconds=0.2, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=timing) as cloud:
        yield cloud


@pytest.fixture(scope="module", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo: DemoCloud,
    databases: Databases,
) -> Iterator[JobEnv]:
    with empty_env(request.param, tmp_path_factory.mktemp("env"), demo, databases) as env:
        yield env


@pytest.fixture(scope="module")  # an idle worker costs time too
def worker(place: JobEnv) -> Iterator[None]:
    processes = Processes(place.folder / "errors.txt")
    processes.start("worker", work, place.url, place.folder, "worker", settings=STEADY)
    yield
    processes.close()


@pytest.fixture
def env(place: JobEnv) -> Iterator[JobEnv]:
    yield place
    place.clear()


@pytest.fixture(scope="module", params=KINDS)
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[Runner]:
    """What runs the jobs that meet bad answers; each module has its own."""
    with opened_runner(request.param, tmp_path_factory.mktemp("matrix"), databases) as runner:
        yield runner


@pytest.fixture
def kept_runner(runner: Runner) -> Iterator[Runner]:
    """The same, and the cloud is as it was afterwards: for jobs that write over things or make some."""
    with runner.env.cloud_kept():
        yield runner
    runner.env.clear()


@pytest.fixture(autouse=True)
def _no_whole_reads(no_whole_reads: None) -> None:
    """See tests/support/whole_reads.py."""
