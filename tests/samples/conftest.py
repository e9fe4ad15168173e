"""What the tests of samples share: a server that keeps what arrives."""

from collections.abc import Iterator

import pytest

from .recorder import Recorder, recording


@pytest.fixture(scope="module", name="recorder")
def _recorder() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder
