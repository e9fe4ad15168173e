"""Which values of the documents are not for everybody: where they stand, of which class, and whether the caller sees them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Document, Documents
from opencbr.console.backup.json_values import member, rows, words
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.json_spans import NotJson, Span, spans
from opencbr.model.masked_spans import classed_spans

_MASK = re.compile(r"\(masked (secret|infrastructure) ([0-9a-f]{16})\)")
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
    classes = {
        name: frozenset(kind for view in commitments for kind in view.split("+"))
        for page in rows(record, "manifest", "documents")
        if isinstance(name := member(page, "name"), str)
        and isinstance(commitments := member(page, "commitments"), dict)
    }
    view = frozenset(one for one in rows(record, "view") if isinstance(one, str))
    everything = frozenset({SECRETS, INFRASTRUCTURE})
    return tuple(
        field
        for document in documents
        if (has := classes.get(document.name, everything if record is None else frozenset()))
        for field in _fields(document, masked=has - view, clear=has & view)
    )


def _fields(document: Document, *, masked: frozenset[str], clear: frozenset[str]) -> Iterator[SealedField]:
    try:
        found = [span for span in spans(document.text) if not span.empty]
    except NotJson:
        return
    judged = dict(_places(document, found)) if clear else {}
    done = 0
    for span in found:
        if span.start < done:
            continue
        mask = _MASK.fullmatch(span.value or "")
        if mask and _CLASSES[mask[1]] in masked:
            yield SealedField(document.name, _path(span), _CLASSES[mask[1]], mask[2])
        elif judged.get(span.start) in clear and not mask:
            done = span.end
            yield SealedField(document.name, _path(span), judged[span.start], None)


def _places(document: Document, found: list[Span]) -> Iterator[tuple[int, str]]:
    full = [span for span in found if document.text[span.start : span.end] != "null"]
    for span, kind in classed_spans(document.kind, full):
        yield span.start, kind


def _path(span: Span) -> str:
    """Write where a value stands, `server.addresses.net[0].addr`; the mask of an object stands in a member `masked`."""
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{words(step)}" for step in span.path)
    shown = shown.removeprefix(".").removesuffix(".masked")
    return f"{shown} (its name)" if span.kind == "name" else shown
