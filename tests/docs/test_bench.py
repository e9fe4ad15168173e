"""Measurements are made now and then; that each can still be begun is seen by importing it.

`train_dictionary` needs a library that nothing else does.
"""

from importlib import import_module
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize(
    "name", sorted({file.stem for file in BENCH.glob("[a-z]*.py")} - {"train_dictionary"})
)
def test_a_measurement_can_be_begun(monkeypatch, name):
    monkeypatch.syspath_prepend(str(BENCH.parent))
    import_module(f"bench.{name}")
