"""Ids: what the service hands out and what it accepts."""

import itertools
import re
import secrets
import uuid
from datetime import datetime

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_PROJECT = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}\Z")


def new_id(now: datetime) -> str:
    """Make a lower-case UUID of version 7: time first, so that new rows lie together in an index.

    `now` is aware; milliseconds are kept, the other 74 bits are random.
    """
    stamp = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = (stamp << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def first_id(at: datetime) -> str:
    """Return the least id that `new_id` can make at `at`: whatever was made from then on is not below it."""
    stamp = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    return str(uuid.UUID(int=(stamp << 80) | (7 << 76) | (2 << 62)))


class RequestIds:
    """Hands out request ids: `req-` and a UUID of version 4 whose last 48 bits count, the others are random once.

    Thread-safe. Every request takes one: random bits for each would cost four times as much, and a request id is no secret.
    """

    def __init__(self) -> None:
        first = uuid.uuid4()
        self._front = f"req-{str(first)[:24]}"
        self._count = itertools.count(first.node >> 1)  # room enough above to count for ever

    def next(self) -> str:
        """Return a new one."""
        return f"{self._front}{next(self._count):012x}"


def derived_id(parent: str, name: str) -> str:
    """Make the id that always belongs to `name` below `parent`, so that a repeated step finds its own work."""
    return str(uuid.uuid5(uuid.UUID(parent), name))


def is_uuid(text: str) -> bool:
    """Say whether `text` is a hyphenated lower-case UUID (contract 0.3)."""
    return _UUID.match(text) is not None


def is_project_id(text: str) -> bool:
    """Say whether `text` can be a Keystone project id: usually 32 hex digits, at most 64 characters."""
    return _PROJECT.match(text) is not None
