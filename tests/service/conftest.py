"""What the service does by itself reads what it is about, never all that there is."""

import pytest


@pytest.fixture(autouse=True)
def _no_whole_reads(no_whole_reads: None) -> None:
    """See tests/support/whole_reads.py."""
