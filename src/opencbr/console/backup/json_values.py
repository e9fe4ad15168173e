"""Values out of documents that somebody else wrote: read without trust in their shape, and shown as text.

A document may lack a member, have null in its place, or something of another type: then there is nothing to show.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from opencbr.model.times import parse_time
from opencbr.observe.printable import printable


class Moment(NamedTuple):
    """A time for eyes; `machine` is ISO 8601 in UTC with a Z, None when the text is no time."""

    machine: str | None
    text: str


def member(thing: Any, *path: str) -> Any:
    """Return the value at a path of member names, None when there is none."""
    for name in path:
        if not isinstance(thing, Mapping):
            return None
        thing = thing.get(name)
    return thing


def rows(thing: Any, *path: str) -> list[Any]:
    """Return the list at a path, empty when there is none."""
    found = member(thing, *path)
    return found if isinstance(found, list) else []


def id_of(thing: Any, *path: str) -> str | None:
    """Return the id at a path: a text that says something, as it stands."""
    found = member(thing, *path)
    return found if isinstance(found, str) and found else None


def words(value: Any) -> str | None:
    """Show a value as text; None for null and empty ones. What is not printable is written as an escape, line ends stay."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return "\n".join(map(printable, value.split("\n")))


def text_of(thing: Any, *path: str) -> str | None:
    """Show the value at a path as `words` does."""
    return words(member(thing, *path))


def number_of(thing: Any, *path: str) -> int | None:
    """Return the whole number at a path, also one that is written as text (Nova's swap, Cinder's sizes)."""
    found = member(thing, *path)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 19:  # noqa: PLR2004 -- 64 bits
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def flag_of(thing: Any, *path: str) -> bool | None:
    """Return the truth value at a path; Cinder writes some of them as text (contract 6.5)."""
    found = member(thing, *path)
    if isinstance(found, str):
        return {"true": True, "false": False}.get(found)
    return found if isinstance(found, bool) else None


def moment_of(thing: Any, *path: str) -> Moment | None:
    """Return the time at a path; OpenStack writes UTC with and without a zone."""
    shown = text_of(thing, *path)
    if shown is None:
        return None
    try:
        moment: datetime = parse_time(shown)
    except (ValueError, OverflowError):
        return Moment(None, shown)
    return Moment(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M:%S UTC"))
