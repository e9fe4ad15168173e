"""A cloud that takes its time, and worker processes to be killed while it does."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from support.job_env import JobEnv

from .deaths import WorkerProcesses


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    timing = Timing(seconds=0.05, backup_seconds=0.4, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=timing) as cloud:
        yield cloud


@pytest.fixture
def workers(env: JobEnv) -> Iterator[WorkerProcesses]:
    workers = WorkerProcesses(env)
    yield workers
    workers.processes.close()
