"""Comparing a body with a recorded one: keys, their order and JSON types, not values."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_SAMPLES = Path(__file__).parents[1] / "data" / "openstack"
_FREE_KEYS = {  # objects whose keys are data
    *("metadata", "extra_specs", "addresses", "properties", "volume_image_metadata", "connection_info"),
    *("bound_drivers", "scheduler_hints"),
}


def sample(name: str) -> Any:
    """Return a recorded body."""
    return json.loads((_SAMPLES / f"{name}.json").read_text())


@cache
def _seen(key: str) -> list[Any]:
    """Return every value that a recorded body has under a key, wherever."""

    def walk(part: Any) -> Iterator[Any]:
        if isinstance(part, dict):
            if key in part:
                yield part[key]
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                yield from walk(one)

    return [value for path in sorted(_SAMPLES.glob("*.json")) for value in walk(json.loads(path.read_text()))]


def differences(found: Any, recorded: Any, where: str = "") -> list[str]:
    """Return what differs in shape.

    A list is right when each of its items is like one of the recorded ones: clouds answer in any order. Null and the
    empty list say little, so that what other recorded bodies have under the same key is right there too: null is
    found in place of a value where the key is null in one of them; instead of a recorded null, or in a list that was
    recorded empty, there is what is like one of theirs. Where all of them are null or empty, everything is right.
    """
    key = where.rpartition(".")[2]
    if found is None or recorded is None:
        return _beside_null(found, recorded, where)
    if isinstance(found, list) and recorded == []:
        recorded = [item for value in _seen(key) if isinstance(value, list) for item in value]
    if isinstance(found, bool) != isinstance(recorded, bool) or type(found) is not type(recorded):
        return [f"{where}: {type(found).__name__} instead of {type(recorded).__name__}"]
    if isinstance(found, list):
        return _unlike(found, recorded, where) if recorded else []
    if not isinstance(found, dict) or key in _FREE_KEYS:
        return []
    if list(found) != list(recorded):
        lost, more = set(recorded) - set(found), set(found) - set(recorded)
        return [f"{where}: missing {lost}, more {more}" if lost or more else f"{where}: order {list(found)}"]
    return [text for key in found for text in differences(found[key], recorded[key], f"{where}.{key}")]


def _beside_null(found: Any, recorded: Any, where: str) -> list[str]:
    seen = _seen(where.rpartition(".")[2])
    if found is None:
        return [] if recorded is None or None in seen else [f"{where}: null, which it never is"]
    told = [value for value in seen if value is not None]
    return min((differences(found, value, where) for value in told), key=len, default=[])


def _unlike(found: list[Any], recorded: list[Any], where: str) -> list[str]:
    """Return, for each item, how it differs from the recorded one it is most like."""
    texts: list[str] = []
    for index, item in enumerate(found):
        texts += min((differences(item, other, f"{where}[{index}]") for other in recorded), key=len)
    return texts
