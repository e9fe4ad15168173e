"""Jobs of this room run in the test's own thread: its database has no worker that would take them."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from support.databases import KINDS, Databases
from support.job_env import JobEnv


@pytest.fixture(scope="module", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo: DemoCloud,
    databases: Databases,
) -> Iterator[JobEnv]:
    folder = tmp_path_factory.mktemp("env")
    with databases.fresh(request.param, folder) as url:
        env = JobEnv(url, folder, demo)
        yield env
        env.close()
