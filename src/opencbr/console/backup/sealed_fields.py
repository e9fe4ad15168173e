"""Which values of the documents are not for everybody: where they stand, of which class, and whether the caller sees them.

Their places are told by the report; no text is judged by its looks, for a tenant can write what looks like a mask.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Documents
from opencbr.console.backup.json_values import member, rows
from opencbr.model.json_spans import NotJson, Span
from opencbr.model.masked_places import MaskedPlace, fingerprint_of, path_of, spans_at
from opencbr.observe.printable import printable


@dataclass(frozen=True, slots=True)
class SealedField:
    """A value of a document, or the name of a member; `offset` is where its mask begins in the masked document.

    `fingerprint` is what the caller sees in its place, None when it is seen in clear.
    """

    document: str
    offset: int
    path: str
    kind: str
    fingerprint: str | None
    span: Span


Places = Mapping[str, list[MaskedPlace]]
"""The masks of each document, by its name."""


def sealed_places(report: Mapping[str, Any] | None) -> Places:
    """Read what ShowReport tells of the masks of each document; nothing where there is no report."""
    return {
        name: [MaskedPlace(one["offset"], one["length"], one["class"]) for one in rows(page, "places")]
        for page in rows(report, "report", "documents")
        if isinstance(name := member(page, "name"), str)
    }


def sealed_in(name: str, text: str, places: Places) -> Iterator[SealedField]:
    """Yield the sealed values of the text of a document, in whatever view it is."""
    here = places.get(name, [])
    try:
        found = spans_at(text, here) if here else None
    except NotJson:
        return
    for place, (span, kind) in zip(here, found or (), strict=False):
        shown = fingerprint_of(text[span.start : span.end])
        yield SealedField(name, place.offset, printable(path_of(span)), kind, shown, span)


def sealed_fields(documents: Documents, report: Mapping[str, Any] | None) -> tuple[SealedField, ...]:
    """List the sealed values of all documents, in their order."""
    places = sealed_places(report)
    return tuple(field for one in documents for field in sealed_in(one.name, one.text, places))
