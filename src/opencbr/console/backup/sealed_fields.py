"""Which values of the documents are not for everybody: where they stand, of which class, and whether the caller sees them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Document, Documents
from opencbr.console.backup.json_values import id_of, member, rows, words
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import NotJson, Span, spans
from opencbr.model.masked_spans import classed_spans

MASK = re.compile(r"\(masked (secret|infrastructure) ([0-9a-f]{16})\)")
"""What the API puts in the place of a value that the caller may not see (record format, Masking)."""
_CLASSES = {"secret": SECRETS, "infrastructure": INFRASTRUCTURE}


@dataclass(frozen=True, slots=True)
class SealedField:
    """A value of a document. `fingerprint` is what the caller sees in its place, None when it is seen in clear."""

    document: str
    path: str
    kind: str
    fingerprint: str | None


def sealed_fields(documents: Documents, record: Mapping[str, Any] | None) -> tuple[SealedField, ...]:
    """List the values that the record masks, in the order of the documents.

    Which classes a document has values of is told by the record; a text that only looks like a mask, in a document without
    masked values, is somebody's own text. Without a record every mask counts.
    """
    return tuple(field for field, _, _ in _found(documents, record))


def revealed(documents: Documents, record: Mapping[str, Any] | None, document: str, path: str) -> str | None:
    """Return one sealed value, for eyes; None when there is none at that place, or the caller does not see it."""
    for field, span, text in _found(documents, record):
        if (field.document, field.path) == (document, path) and field.fingerprint is None:
            return words(text[span.start : span.end] if span.value is None else span.value)
    return None


def _found(documents: Documents, record: Mapping[str, Any] | None) -> Iterator[tuple[SealedField, Span, str]]:
    """Yield each sealed value with its place in the text of its document."""
    classes = {
        name: frozenset(kind for view in commitments for kind in view.split("+"))
        for page in rows(record, "manifest", "documents")
        if (name := id_of(page, "name")) and isinstance(commitments := member(page, "commitments"), dict)
    }
    view = frozenset(one for one in rows(record, "view") if isinstance(one, str))
    unknown: frozenset[str] = frozenset() if record is not None else frozenset({SECRETS, INFRASTRUCTURE})
    for document in documents:
        if has := classes.get(document.name, unknown):
            for field, span in _fields(document, masked=has - view, clear=has & view):
                yield field, span, document.text


def _fields(
    document: Document, *, masked: frozenset[str], clear: frozenset[str]
) -> Iterator[tuple[SealedField, Span]]:
    try:
        found = [span for span in spans(document.text) if not span.empty]
    except NotJson:
        return
    judged = dict(_places(document, found)) if clear else {}
    done = 0
    for span in found:
        if span.start < done:
            continue
        mask = MASK.fullmatch(span.value or "")
        if mask and _CLASSES[mask[1]] in masked:
            yield SealedField(document.name, _path(span), _CLASSES[mask[1]], mask[2]), span
        elif judged.get(span.start) in clear and not mask:
            done = span.end
            yield SealedField(document.name, _path(span), judged[span.start], None), span


def _places(document: Document, found: list[Span]) -> Iterator[tuple[int, str]]:
    full = [span for span in found if document.text[span.start : span.end] != "null"]
    for span, kind in classed_spans(document.kind, full):
        yield span.start, kind


def _path(span: Span) -> str:
    """Write where a value stands, `server.addresses.net[0].addr`; the mask of an object stands in a member `masked`."""
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{words(step)}" for step in span.path)
    shown = shown.removeprefix(".").removesuffix(".masked")
    return f"{shown} (its name)" if span.kind == "name" else shown
