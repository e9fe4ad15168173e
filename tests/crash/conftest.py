"""An environment for each test; how fast its cloud is, the module says with a fixture `demo`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from support.job_env import JobEnv


@pytest.fixture
def env(database_url: str, tmp_path: Path, demo: DemoCloud) -> Iterator[JobEnv]:
    env = JobEnv(database_url, tmp_path, demo)
    yield env
    env.clear()
    env.close()
