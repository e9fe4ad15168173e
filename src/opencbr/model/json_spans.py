"""Where the values and the names of members stand in a JSON text.

A body must stay as the cloud wrote it, white space, escapes and doubled keys included. So nothing here decodes
and encodes again: a text is walked once, and every value gets its place, to be cut out or left alone.
"""

import re
from collections.abc import Callable
from json import decoder
from typing import NamedTuple

MAX_DEPTH = 100
"""Levels of nesting. OpenStack's bodies have fewer than ten; a walk without a limit is a way to fall over."""

Step = str | int

_BLANK = " \t\n\r"
_SPACE = re.compile(r"[ \t\n\r]*")
# NaN and Infinity are no JSON, but Python's encoder, and thus OpenStack, may send them.
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|NaN|-?Infinity")

_scan_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]


class NotJson(ValueError):
    """A text that is no JSON document, or nested deeper than MAX_DEPTH. Says where, never what stands there."""


class Span(NamedTuple):
    """One value: `text[start:end]`. `kind` is object, array, string or scalar; `value` a string decoded.

    The name of a member is one too: its `kind` is name, its `path` the member's.
    """

    path: tuple[Step, ...]
    start: int
    end: int
    kind: str
    value: str | None = None
    empty: bool = False  # of an object, array, string or name


def spans(text: str) -> list[Span]:
    """List every value and name of a JSON text in order of place, each before what is inside it. Raises NotJson."""
    found: list[Span] = []
    end = _value(text, _space(text, 0), (), found)
    if _space(text, end) != len(text):
        raise NotJson(f"not JSON: more text after the document, at character {end}")
    return found


def _value(text: str, start: int, path: tuple[Step, ...], found: list[Span]) -> int:
    if len(path) > MAX_DEPTH:
        raise NotJson(f"not read: nested deeper than {MAX_DEPTH} levels, at character {start}")
    first = text[start : start + 1]
    if first == '"':
        value, end = _string(text, start)
        found.append(Span(path, start, end, "string", value, not value))
    elif first in ("{", "["):
        place = len(found)
        found.append(Span(path, start, start, "object"))  # holds the place: what contains comes first
        walk, kind = (_object, "object") if first == "{" else (_array, "array")
        end = walk(text, start + 1, path, found)
        found[place] = Span(path, start, end, kind, None, len(found) == place + 1)
    else:
        scalar = _SCALAR.match(text, start)
        if scalar is None:
            raise NotJson(f"not JSON: no value at character {start}")
        end = scalar.end()
        found.append(Span(path, start, end, "scalar"))
    return end


def _object(text: str, start: int, path: tuple[Step, ...], found: list[Span]) -> int:
    """Walk what stands behind the opening brace; give the end."""
    position = _space(text, start)
    if text.startswith("}", position):
        return position + 1
    while True:
        name, end = _string(text, position)
        inner = (*path, name)
        found.append(Span(inner, position, end, "name", name, not name))
        position = _space(text, end)
        if not text.startswith(":", position):
            raise NotJson(f"not JSON: a colon is missing at character {position}")
        position = _space(text, _value(text, _space(text, position + 1), inner, found))
        if text.startswith("}", position):
            return position + 1
        position = _behind_comma(text, position, "}")


def _array(text: str, start: int, path: tuple[Step, ...], found: list[Span]) -> int:
    """Walk what stands behind the opening bracket; give the end."""
    position = _space(text, start)
    if text.startswith("]", position):
        return position + 1
    index = 0
    while True:
        position = _space(text, _value(text, position, (*path, index), found))
        if text.startswith("]", position):
            return position + 1
        position = _behind_comma(text, position, "]")
        index += 1


def _behind_comma(text: str, position: int, close: str) -> int:
    if not text.startswith(",", position):
        raise NotJson(f"not JSON: a comma or {close} is missing at character {position}")
    return _space(text, position + 1)


def _string(text: str, start: int) -> tuple[str, int]:
    if text[start : start + 1] != '"':
        raise NotJson(f"not JSON: a string is missing at character {start}")
    try:
        value, end = _scan_string(text, start + 1, True)
    except ValueError:  # it holds the whole text: it must not be handed on
        raise NotJson(f"not JSON: a string that begins at character {start} is broken") from None
    return value, end


def _space(text: str, start: int) -> int:
    if text[start : start + 1] not in _BLANK:  # in most places none stands
        return start
    match = _SPACE.match(text, start)
    assert match is not None  # the pattern also matches nothing
    return match.end()
