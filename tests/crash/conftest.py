"""An environment for each test; how fast its cloud is, the module says with a fixture `demo`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from support.job_env import JobEnv


@pytest.fixture
def env(database_url: str, tmp_path: Path, demo: DemoCloud) -> Iterator[JobEnv]:
    env = JobEnv(database_url, tmp_path, demo)
    # A test that has ended badly, or with its server shut off, is none of the next one's business.
    with env.cloud_kept():
        yield env
        env.clear()
    env.close()
