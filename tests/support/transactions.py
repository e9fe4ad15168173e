"""Watches every transaction of this process: between its begin and its end rows are read and written, nothing else is done.

On SQLite all writers stand behind one another, so that whatever is computed, sealed or asked of the cloud in between
is waited for by everybody.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event

SLOW = (
    "opencbr.cloud",
    "opencbr.keys.aead",
    "opencbr.keys.ed25519",
    "opencbr.records.build",
    "opencbr.records.codec",
    "opencbr.records.compression",
    "opencbr.records.layout",
    "opencbr.records.verification",
    "opencbr.model.json_spans",
    "opencbr.model.manifest",
    "opencbr.model.metadata",
    "opencbr.model.report",
    "opencbr.model.secret",
    "cryptography",
    "zstandard",
)
"""Code whose work grows with what a tenant's cloud holds, or that waits for somebody."""

HARMLESS = ("opencbr.cloud.statuses",)
"""Modules among those that only name things: they look a word up, and wait for nobody."""


@contextmanager
def only_rows() -> Iterator[list[str]]:
    """Give the list of calls that had no business in a transaction; it fills while tests run."""
    seen: list[str] = []

    def look(frame: FrameType, what: str, _argument: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if what == "call" and module.startswith(SLOW) and module not in HARMLESS:
            seen.append(f"{module}.{frame.f_code.co_qualname}")

    def begin(_connection: Connection) -> None:
        sys.setprofile(look)

    def end(_what: Any) -> None:
        sys.setprofile(None)

    listeners = (("begin", begin), ("commit", end), ("rollback", end), ("handle_error", end))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)
