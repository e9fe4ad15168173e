"""One embedded cloud and, on each kind of database, one server for all tests of the interface.

A test makes what it needs of its own.
"""

from collections.abc import Iterator

import pytest

from opencbr.democloud import DemoCloud, Timing
from support.databases import KINDS, Databases

from .api_server import ApiServer, open_server

_ROOM = {
    "compute-quota": {"cores": 200_000, "instances": 100_000, "ram": 512_000_000},
    "network-quota": {"port": 100_000},
    "quota": {"volumes": 100_000, "gigabytes": 10_000_000, "snapshots": 100_000, "backups": 100_000},
}


@pytest.fixture(scope="session", name="demo_cloud")
def _demo_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=Timing.by_polls(2)) as cloud:
        # All tests of a run make their servers here: more than a project has by itself.
        owner = cloud.account("demo")["project_id"]
        with cloud.backend.state.change():
            for kind, room in _ROOM.items():
                cloud.backend.state.put(kind, {"id": owner, **room})
        yield cloud


@pytest.fixture(scope="session", name="cbr", params=KINDS)
def _cbr(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo_cloud: DemoCloud,
    databases: Databases,
) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("server")
    with databases.fresh(request.param, folder) as url, open_server(folder, demo_cloud, url) as cbr:
        yield cbr


@pytest.fixture(autouse=True)
def _clock_at_rest(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cbr" in request.fixturenames:
        request.getfixturevalue("cbr").clock.ahead *= 0


@pytest.fixture(autouse=True)
def _only_rows_in_transactions(transactions: None) -> None:
    """See tests/support/transactions.py."""


@pytest.fixture(autouse=True)
def _no_whole_reads(no_whole_reads: None) -> None:
    """See tests/support/whole_reads.py."""
