"""What in an upstream body is not for everybody, and how it is replaced.

Two classes of values, each with a right of its own: *secrets* (user data, passwords, private keys, suspicious
metadata) and *infrastructure* (what only the operator sees: hosts, hypervisors, where a port is bound). A body is
masked by cutting out the tokens of such values; all else stays byte for byte. docs/record-format.md has the table.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from opencbr.model.field_classes import FREE_MAPS, INFRASTRUCTURE, SECRETS, class_of
from opencbr.model.json_spans import NotJson, Span, Step, spans
from opencbr.model.secret_detection import public_keys, secret_name, secret_text

View = frozenset[str]
"""Which classes a reader sees in clear: any subset of {SECRETS, INFRASTRUCTURE}."""

MASKED: View = frozenset()
VERBATIM: View = frozenset({SECRETS, INFRASTRUCTURE})

_WORD = {SECRETS: "secret", INFRASTRUCTURE: "infrastructure"}

_NOT_SECRET = frozenset({"encryption_key_id", "cinder_encryption_key_id"})
# Extra specs of a volume type that Cinder shows to every tenant; the others name back ends.
_PUBLIC_SPECS = frozenset({"multiattach", "RESKEY:availability_zones", "replication_enabled"})

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

    Null and empty values stay: nothing is hidden by hiding them. Raises NotJson, also for what is not UTF-8.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"not JSON: no UTF-8 at byte {error.start}") from None  # the error holds the body
    kind_of = document.partition("/")[0].partition("@")[0]
    pieces: list[bytes] = []
    splices: list[Splice] = []
    done = offset = 0
    for span in spans(text):
        if span.start < done:
            continue  # inside a value that is masked as a whole
        kind = _kind(kind_of, span)
        if kind is None or span.empty or text.startswith("null", span.start):
            continue
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


def _kind(document: str, span: Span) -> str | None:
    if not span.path:
        return None
    name = _name(span.path)
    named = class_of(name)
    if named == SECRETS or _suspicious(document, span, name):
        return SECRETS
    is_inner_spec = (
        document == "volume_type" and _in_map(span.path, "extra_specs") and name not in _PUBLIC_SPECS
    )
    return INFRASTRUCTURE if is_inner_spec else named


def _suspicious(document: str, span: Span, name: str) -> bool:
    """Judge what tenants wrote: by its name inside a free map, by its looks anywhere."""
    if span.value is not None and secret_text(span.value):
        return True
    if name in _NOT_SECRET or not secret_name(name) or public_keys(span.value or ""):
        return False
    is_image_property = document == "image" and len(span.path) <= 2  # noqa: PLR2004 (bare, or inside one envelope)
    return is_image_property or any(_in_map(span.path, free) for free in FREE_MAPS)


def _name(path: tuple[Step, ...]) -> str:
    """Give the nearest member name; an array's elements go by the array's."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _in_map(path: tuple[Step, ...], name: str) -> bool:
    return name in path[:-1]


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
