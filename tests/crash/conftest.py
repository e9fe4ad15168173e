"""A yard for each test; how fast its cloud is, the module says with a fixture `demo`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opencbr.democloud.cloud import DemoCloud
from support.yard import Yard


@pytest.fixture
def yard(database_url: str, tmp_path: Path, demo: DemoCloud) -> Iterator[Yard]:
    yard = Yard(database_url, tmp_path, demo)
    yield yard
    yard.clear()
    yard.close()
