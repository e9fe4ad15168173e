"""One embedded cloud and, on each kind of database, one server for all tests of the interface.

A test makes what it needs of its own.
"""

from collections.abc import Iterator

import pytest

from opencbr.democloud import DemoCloud, Timing
from support.databases import KINDS, Databases

from .house import House, open_house


@pytest.fixture(scope="session", name="demo_cloud")
def _demo_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=Timing.by_polls(2)) as cloud:
        yield cloud


@pytest.fixture(scope="session", name="house", params=KINDS)
def _house(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo_cloud: DemoCloud,
    databases: Databases,
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("server")
    with databases.fresh(request.param, folder) as url, open_house(folder, demo_cloud, url) as house:
        yield house


@pytest.fixture(autouse=True)
def _clock_at_rest(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "house" in request.fixturenames:
        request.getfixturevalue("house").clock.ahead *= 0
