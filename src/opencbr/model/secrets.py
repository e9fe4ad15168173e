"""What in an upstream body is not for everybody, and how it is replaced.

Two classes of values, each with a right of its own: *secrets* (user data, passwords, private keys, suspicious
metadata) and *infrastructure* (what only the operator sees: hosts, hypervisors, where a port is bound). A body is
masked by cutting out the tokens of such values; all else stays byte for byte. docs/record-format.md has the table.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import NotJson, Span, spans
from opencbr.model.masked_spans import classed_spans

View = frozenset[str]
"""Which classes a reader sees in clear: any subset of {SECRETS, INFRASTRUCTURE}."""

MASKED: View = frozenset()
VERBATIM: View = frozenset({SECRETS, INFRASTRUCTURE})

_WORD = {SECRETS: "secret", INFRASTRUCTURE: "infrastructure"}

Fingerprint = Callable[[bytes], str]
"""A keyed digest as 16 hex digits: equal values give equal ones, and nobody without the key can guess."""


class Splice(NamedTuple):
    """One masked value: `masked_length` bytes at `offset` of the masked text stand for `verbatim`."""

    offset: int
    masked_length: int
    verbatim: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A body with the values replaced that are not for everybody, and what puts them back, in order of place."""

    body: bytes
    splices: tuple[Splice, ...] = ()

    @property
    def kinds(self) -> View:
        """The classes that this body has values of."""
        return frozenset(splice.kind for splice in self.splices)


def mask(document: str, body: bytes, fingerprint: Fingerprint) -> Masked:
    """Replace the values of the document named `document` that are not for everybody.

    A name that looks like a secret is replaced too. Null and empty values stay: nothing is hidden by hiding them. Raises
    NotJson, also for what is not UTF-8.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"not JSON: no UTF-8 at byte {error.start}") from None  # the error holds the body
    kind_of = document.partition("/")[0].partition("@")[0]
    pieces: list[bytes] = []
    splices: list[Splice] = []
    done = offset = 0
    found = [span for span in spans(text) if not span.empty and not text.startswith("null", span.start)]
    for span, kind in classed_spans(kind_of, found):
        if span.start < done:
            continue  # inside a value that is masked as a whole
        token = text[span.start : span.end]
        before = text[done : span.start].encode()
        replacement = _replacement(span.kind, kind, fingerprint(_meaning(token, span)))
        pieces += (before, replacement)
        offset += len(before)
        splices.append(Splice(offset, len(replacement), token.encode(), kind))
        offset += len(replacement)
        done = span.end
    pieces.append(text[done:].encode())
    return Masked(b"".join(pieces), tuple(splices))


def reveal(text: bytes, splices: Iterable[Splice], view: View) -> bytes:
    """Put back the values of the classes in `view`; `splices` are in order of place."""
    pieces: list[bytes] = []
    done = 0
    for splice in splices:
        if splice.kind in view:
            pieces += (text[done : splice.offset], splice.verbatim)
            done = splice.offset + splice.masked_length
    if not done:
        return text
    pieces.append(text[done:])
    return b"".join(pieces)


def _meaning(token: str, span: Span) -> bytes:
    """Give the decoded value as bytes, so that one value has one fingerprint however it was escaped.

    A text stands for itself; whatever else a value may be begins with a byte that no text has.
    """
    if span.value is not None:
        return span.value.encode("utf-8", "surrogatepass")
    value = json.loads(token, parse_int=_digits, parse_float=_digits, parse_constant=_digits)
    return b"\xff" + json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _digits(number: str) -> dict[str, str]:
    """Keep a number as it was written, apart from a text of the same digits: the parser refuses very long ones."""
    return {"\0": number}


def _replacement(shape: str, kind: str, fingerprint: str) -> bytes:
    sentence = f'"(masked {_WORD[kind]} {fingerprint})"'
    if shape == "object":
        return f'{{"masked":{sentence}}}'.encode()
    return f"[{sentence}]".encode() if shape == "array" else sentence.encode()
