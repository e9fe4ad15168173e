"""Jobs of this room run in the test's own thread: its database has no worker that would take them."""

from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from support.databases import KINDS, Databases
from support.inline_job import WatchedClock
from support.job_env import JobEnv, empty_env


@pytest.fixture(scope="module", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    demo: DemoCloud,
    databases: Databases,
) -> Iterator[JobEnv]:
    with empty_env(request.param, tmp_path_factory.mktemp("env"), demo, databases) as env:
        yield env


@pytest.fixture
def clock(demo: DemoCloud) -> WatchedClock:
    return WatchedClock(demo)


@pytest.fixture(autouse=True)
def _only_rows_in_transactions(transactions: None) -> None:
    """See tests/support/transactions.py."""
