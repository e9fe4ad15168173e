"""JSON from upstream, read once and strictly: what passes here can be kept in a record, masked and shown again.

Python's own reader takes more (UTF-16, a byte-order mark), falls over deep nesting and refuses long integers with an error
that names neither; and what it takes and a record cannot hold would be found out after all bytes were copied.
"""

import json
from typing import Any

from opencbr.model.json_spans import MAX_DEPTH, NotJson, spans

MAX_DIGITS = 4300
"""Digits of an integer: where Python stops reading one (`sys.int_info.default_max_str_digits`)."""


class Unusable(ValueError):
    """A body that is not taken; says why, and never what stands in it."""


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object in UTF-8. Raises Unusable."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Unusable("it is not UTF-8") from error
    doubled = False

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        found = dict(members)
        doubled = doubled or len(found) != len(members)
        return found

    try:
        value = json.loads(text, object_pairs_hook=once)
        if doubled:
            spans(text)  # a member that a later one hides may be nested too deep
    except NotJson as error:
        raise Unusable(f"it is {error}") from error
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError:  # it holds the text
        raise Unusable("it is not JSON") from None
    except ValueError:
        raise Unusable(f"it has an integer of more than {MAX_DIGITS} digits") from None
    if not isinstance(value, dict):
        raise Unusable("it is not a JSON object")
    _refuse_deep(value)
    return value


def _refuse_deep(value: Any) -> None:
    layer = [value]
    for _ in range(MAX_DEPTH + 1):
        layer = [
            inner
            for one in layer
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not layer:
            return
    raise _too_deep()


def _too_deep() -> Unusable:
    return Unusable(f"it is nested deeper than {MAX_DEPTH} levels")
