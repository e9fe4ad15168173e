"""Texts taken apart: what two records have in common, and the values in which they differ.

Half of a record's text is ids, digests, addresses and times. As text they compress badly, and they cut the rest, which is
the same in every record of a cloud, into pieces. So each becomes a mark in the text, its value is kept once, in binary,
and a list of places says which value stands where. The text that is left compresses to next to nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from opencbr.model.json_spans import NotJson
from opencbr.records.binary import Cursor, number
from opencbr.records.values import KINDS, Kind, NotThisKind

_KINDS = {kind.name: kind for kind in KINDS}
_BY_MARK = {kind.mark: kind for kind in KINDS}
_TOKEN = re.compile(b"|".join(b"(?P<%s>%s)" % (kind.name.encode(), kind.pattern) for kind in KINDS))
_MARKS = re.compile(b"([%s])" % b"".join(_BY_MARK))


class Apart(NamedTuple):
    """A text taken apart; `words` has a mark for every value, `places` a number for every mark."""

    words: bytes
    places: bytes
    values: bytes


@dataclass(slots=True)
class _Known:
    """The values met so far, each kind numbered by itself."""

    by_kind: dict[str, dict[bytes, int]] = field(default_factory=lambda: {kind.name: {} for kind in KINDS})

    def learn(self, text: bytes) -> None:
        for kind, value in _found(text):
            self.by_kind[kind.name].setdefault(value, len(self.by_kind[kind.name]))


def take_apart(text: bytes, known: bytes = b"") -> Apart:
    """Take a JSON text apart. `known` is a text that the reader has too: its values need not be kept.

    Raises NotJson when a control character stands in `text`.
    """
    if _MARKS.search(text):
        raise NotJson("a control character stands in it")
    met = _Known()
    met.learn(known)
    places: list[bytes] = []
    values: list[bytes] = []

    def mark(match: re.Match[bytes]) -> bytes:
        kind = _KINDS[str(match.lastgroup)]
        try:
            value = kind.to_binary(match[0])
        except NotThisKind:
            return match[0]
        seen = met.by_kind[kind.name]
        place = seen.get(value)
        if place is None:
            values.append(kind.framed(value, next(reversed(seen), b"")))
            seen[value] = len(seen)
        places.append(number(0 if place is None else place + 1))
        return kind.mark

    words = _TOKEN.sub(mark, text)
    return Apart(words, b"".join(places), b"".join(values))


def put_together(apart: Apart, known: bytes = b"") -> bytes:
    """Undo `take_apart`. Raises ValueError or LookupError when the parts do not belong together."""
    met = _Known()
    met.learn(known)
    lists = {name: list(seen) for name, seen in met.by_kind.items()}
    places, values = Cursor(apart.places), Cursor(apart.values)
    pieces = _MARKS.split(apart.words)
    for at in range(1, len(pieces), 2):
        kind = _BY_MARK[pieces[at]]
        seen = lists[kind.name]
        place = places.number()
        if place == 0:
            seen.append(kind.unframed(values, seen[-1] if seen else b""))
        pieces[at] = kind.to_text(seen[place - 1])
    places.finish()
    values.finish()
    return b"".join(pieces)


def _found(text: bytes) -> Iterator[tuple[Kind, bytes]]:
    for match in _TOKEN.finditer(text):
        kind = _KINDS[str(match.lastgroup)]
        try:
            yield kind, kind.to_binary(match[0])
        except NotThisKind:
            continue
