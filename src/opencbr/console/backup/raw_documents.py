"""The documents themselves: the strings of ShowMetadata opened, and all that the record has beside them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.answers import Answers
from opencbr.console.backup.documents import Document, Documents, of_metadata, open_text
from opencbr.console.backup.json_values import Moment, id_of, moment_of, rows, text_of, words
from opencbr.observe.printable import printable_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """One document. `text` is byte for byte what the caller is given; the two others are for eyes.

    `readable` is laid out, None for what cannot be parsed; `shown` is `text` with characters that could mislead written as
    JSON escapes, which say the same to every JSON reader.
    """

    name: str
    member: str | None
    """Where it stands in ShowMetadata: `server`, `volumes[0]`; None for what only the record has."""
    text: str
    shown: str
    readable: str | None
    call: str | None
    read: Moment | None
    request_id: str | None
    sha256: str | None

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return len(self.text.encode(errors="surrogatepass"))


def metadata_documents(answers: Answers) -> tuple[RawDocument, ...]:
    """Open the strings of ShowMetadata, in its order; with the call that gave each, where there is a record."""
    pages = _pages(answers)
    return tuple(
        _raw(open_text(name, text), place, pages.get(name)) for name, place, text in of_metadata(answers)
    )


def record_documents(documents: Documents, answers: Answers) -> tuple[RawDocument, ...]:
    """List the documents of the record, in its order, with the call that gave each; empty without a record."""
    if answers.record is None:
        return ()
    pages = _pages(answers)
    places = {name: place for name, place, _ in of_metadata(answers)}
    return tuple(_raw(one, places.get(one.name), pages.get(one.name)) for one in documents)


def shown_answer(answers: Answers) -> str | None:
    """Show the exact answer of ShowMetadata, None when it was refused."""
    return printable_json(answers.metadata.decode(errors="replace")) if answers.metadata else None


def _pages(answers: Answers) -> dict[str | None, Any]:
    """Return what the manifest says of each document, by its name."""
    return {id_of(page, "name"): page for page in rows(answers.record, "manifest", "documents")}


def _raw(document: Document, place: str | None, page: Any) -> RawDocument:
    return RawDocument(
        name=words(document.name) or "",
        member=place,
        text=document.text,
        shown=printable_json(document.text),
        readable=_readable(document.body),
        call=" ".join(_call(page)) or None,
        read=moment_of(page, "read_at"),
        request_id=text_of(page, "request_id"),
        sha256=text_of(page, "sha256"),
    )


def _readable(body: Any) -> str | None:
    try:
        return None if body is None else printable_json(json.dumps(body, indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):  # a number that is too long to be written again
        return None


def _call(page: Any) -> Iterator[str]:
    for name in ("service", "method", "path"):
        if shown := text_of(page, name):
            yield shown
    if version := text_of(page, "microversion"):
        yield f"at microversion {version}"


def counted_kinds(documents: Iterable[Document]) -> dict[str, int]:
    """Count the documents by kind; a second reading at the newest microversion is no second thing."""
    counted: dict[str, int] = {}
    for document in documents:
        if "@" not in document.name:
            counted[document.kind] = counted.get(document.kind, 0) + 1
    return counted
