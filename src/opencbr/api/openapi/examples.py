"""Examples of requests and their answers, by operation: what the service answered when it ran on the embedded cloud.

`examples.json` is written by `make examples` (tests/support/api_examples.py), which makes ids, times and secrets stable.
"""

from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct


class Example(Struct, frozen=True, kw_only=True):
    """A request and its answer. `path` has every parameter of the path, `query` what was asked for; no body is null."""

    name: str
    summary: str
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    answer: Any


EXAMPLES: dict[str, tuple[Example, ...]] = msgspec.json.decode(
    files(__package__).joinpath("examples.json").read_bytes(), type=dict[str, tuple[Example, ...]]
)
"""Operation -> its examples, the most usual one first."""
