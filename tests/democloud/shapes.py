"""Comparing a body with a recorded one: keys, their order and JSON types, not values."""

import json
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


def differences(found: Any, recorded: Any, where: str = "") -> list[str]:
    """Return what differs in shape; null is equal to every type.

    A list is right when each of its items is like one of the recorded ones: clouds answer in any order.
    """
    if found is None or recorded is None:
        return []
    if isinstance(found, bool) != isinstance(recorded, bool) or type(found) is not type(recorded):
        return [f"{where}: {type(found).__name__} instead of {type(recorded).__name__}"]
    if isinstance(found, list):
        return _unlike(found, recorded, where) if recorded else []
    if not isinstance(found, dict) or where.rpartition(".")[2] in _FREE_KEYS:
        return []
    if list(found) != list(recorded):
        lost, more = set(recorded) - set(found), set(found) - set(recorded)
        return [f"{where}: missing {lost}, more {more}" if lost or more else f"{where}: order {list(found)}"]
    return [text for key in found for text in differences(found[key], recorded[key], f"{where}.{key}")]


def _unlike(found: list[Any], recorded: list[Any], where: str) -> list[str]:
    """Return, for each item, how it differs from the recorded one it is most like."""
    texts: list[str] = []
    for index, item in enumerate(found):
        texts += min((differences(item, other, f"{where}[{index}]") for other in recorded), key=len)
    return texts
