"""The documents of one backup, opened: the record's, or ShowMetadata's alone when there is no record to be had."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.answers import Answers
from opencbr.console.backup.json_values import member, rows, words
from opencbr.model.document import ABSENT, DENIED, EMPTY, FOREIGN

_ENVELOPES = {
    "interface": "interfaceAttachments",
    "attachments": "volumeAttachments",
    "subport": "port",
    "qos_policy": "policy",
}
"""Kind of document -> the member that holds the thing, where it is not called as the kind is."""
_BARE = frozenset({"image", "root_image", "encryption"})

_WHY = {
    DENIED: "refused by the cloud",
    ABSENT: "gone from the cloud",
    FOREIGN: "of another project",
    EMPTY: "empty in the cloud",
}
NOT_IN_RECORD = "not in this record"


@dataclass(frozen=True, slots=True)
class Document:
    """One document as the caller sees it: `text` byte for byte, `body` parsed, None when it cannot be."""

    name: str
    text: str
    body: Any

    @property
    def kind(self) -> str:
        """The kind of thing, whichever microversion it was read at."""
        return self.name.partition("/")[0].partition("@")[0]

    @property
    def thing(self) -> Any:
        """What stands in the envelope."""
        return self.body if self.kind in _BARE else member(self.body, _ENVELOPES.get(self.kind, self.kind))


class Documents:
    """Documents by name, in the record's order, and why others are not among them."""

    def __init__(self, documents: Iterable[Document], outcomes: Mapping[str, str]) -> None:
        self._documents = {document.name: document for document in documents}
        self._outcomes = outcomes

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())

    def thing(self, name: str) -> Any:
        """Return what the document of this name holds, None when it is not here."""
        found = self._documents.get(name)
        return None if found is None else found.thing

    def things(self, kind: str) -> dict[str, Any]:
        """Return the things of a kind, by id."""
        begin = f"{kind}/"
        return {
            name[len(begin) :]: one.thing for name, one in self._documents.items() if name.startswith(begin)
        }

    def why_missing(self, name: str) -> str | None:
        """Say in few words why a document is not here; None when it is."""
        if name in self._documents:
            return None
        return _WHY.get(self._outcomes.get(name, ""), NOT_IN_RECORD)


def open_text(name: str, text: str) -> Document:
    """Open a document; a text that cannot be parsed keeps its text and has no body."""
    try:
        return Document(name, text, json.loads(text))
    except (ValueError, RecursionError):  # also a number that is too long for the parser
        return Document(name, text, None)


def open_documents(answers: Answers) -> Documents:
    """Open all documents that the answers hold."""
    outcomes = {
        name: outcome
        for one in rows(answers.record, "manifest", "unread")
        if (name := words(member(one, "name"))) and (outcome := words(member(one, "outcome")))
    }
    if answers.record is None:
        return Documents((open_text(name, text) for name, _, text in of_metadata(answers)), outcomes)
    opened = [
        open_text(name, text)
        for one in rows(answers.record, "documents")
        if isinstance(name := member(one, "name"), str) and isinstance(text := member(one, "body"), str)
    ]
    return Documents(opened, outcomes)


def of_metadata(answers: Answers) -> Iterator[tuple[str, str, str]]:
    """Yield the strings of ShowMetadata in its order: name of document, member of the answer, text (contract 6.1)."""
    told = answers.metadata_members
    yield from _single(told, "backups", "server")
    for index, text in _texts(told, "volumes"):
        volume = member(open_text("volume", text).thing, "id")
        yield f"volume/{volume or index}", f"volumes[{index}]", text
    yield from _single(told, "interface", "flavor")
    ports = []
    for index, text in _texts(told, "ports"):
        ports.append(member(open_text("port", text).thing, "id") or str(index))
        yield f"port/{ports[-1]}", f"ports[{index}]", text
    for index, text in _texts(told, "floatingips"):
        port = ports[index] if index < len(ports) else index  # one a port, in the ports' order (contract 6.6)
        yield f"floatingips/{port}", f"floatingips[{index}]", text


def _single(told: Mapping[str, Any], *names: str) -> Iterator[tuple[str, str, str]]:
    for name in names:
        if isinstance(text := told.get(name), str):
            yield name, name, text


def _texts(told: Mapping[str, Any], name: str) -> Iterator[tuple[int, str]]:
    for index, text in enumerate(rows(told, name)):
        if isinstance(text, str):
            yield index, text
