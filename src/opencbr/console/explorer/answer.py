"""An answer as it is shown: what was sent, what came back, and what an error means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opencbr.console.api_client import Answer
from opencbr.console.backup.answers import Answers
from opencbr.console.backup.documents import of_metadata
from opencbr.console.backup.sealed_fields import Places, sealed_in
from opencbr.console.credential import signable
from opencbr.console.explorer.given import Given
from opencbr.model.error_explanations import Explanation, explained
from opencbr.model.errors import wire_code

METADATA = "ShowMetadata"
NAME = ("its name",)
"""Behind the path of a member: the member's name itself."""
Path = tuple[Any, ...]

_SHOWN_HEADERS = ("X-Request-Id", "Content-Type", "Retry-After", "Allow", "WWW-Authenticate")


@dataclass(frozen=True)
class Document:
    """One string of ShowMetadata, opened: `text` is byte for byte what was kept."""

    name: str
    text: str
    value: Any
    marks: Mapping[Path, str] = field(default_factory=dict)
    """What is not for everybody, by where it stands: `masked`, or the class of a value that is seen in clear."""


@dataclass(frozen=True)
class Shown:
    """An exchange for people; `documents` are those of a ShowMetadata answer, `code` and `explanation` an error's."""

    request_line: str
    sent_body: str
    answer: Answer
    value: Any
    documents: tuple[Document, ...]
    code: str
    explanation: Explanation | None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that matter to a reader."""
        return [(name, value) for name, value in self.answer.headers if name in _SHOWN_HEADERS]

    @property
    def milliseconds(self) -> float:
        """How long the server took."""
        return round(self.answer.seconds * 1000, 1)


def shown(given: Given, answer: Answer, places: Places) -> Shown:
    """Prepare an answer for its page; `places` are the masks of the record that a ShowMetadata answer is made from."""
    try:
        value = answer.json()
    except ValueError:
        value = answer.body.decode("utf-8", "replace")
    sent = signable(given.operation.method, given.decoded_path, given.query)
    line = f"{sent.method} {given.path}" + (f"?{sent.query}" if sent.query else "")
    # Half a UTF-16 pair can be sent, as an escape, and cannot stand in a page.
    told = "" if given.body is None else json.dumps(given.body, indent=2, ensure_ascii=False)
    body = told.encode(errors="backslashreplace").decode()
    documents = documents_of(answer.body, places) if answer.ok and given.operation.name == METADATA else ()
    code = _code_of(value) if not answer.ok else ""
    return Shown(line, body, answer, value, documents, code, _explained(code))


def documents_of(metadata: bytes, places: Places) -> tuple[Document, ...]:
    """Open each string of a ShowMetadata answer as the document that it is (contract 6); null is one too."""
    answers = Answers(backup={}, metadata=metadata)
    names = {member: name for name, member, _ in of_metadata(answers)}
    found = []
    for name, value in answers.metadata_members.items():
        texts = value if isinstance(value, list) else [value]
        for number, text in enumerate(texts):
            label = f"{name}[{number}]" if isinstance(value, list) else name
            marks = marks_of(names.get(label, ""), str(text or ""), places)
            found.append(Document(label, str(text or ""), _opened(text), marks))
    return tuple(found)


def marks_of(name: str, text: str, places: Places) -> dict[Path, str]:
    """Say of each sealed value of a document, or name of a member, where it stands and how it is shown."""
    return {
        (*one.span.path, NAME) if one.span.kind == "name" else one.span.path: "masked"
        if one.fingerprint
        else one.kind
        for one in sealed_in(name, text, places)
    }


def _opened(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _code_of(value: Any) -> str:
    return str(value.get("error_code", "")) if isinstance(value, dict) else ""


def _explained(code: str) -> Explanation | None:
    try:
        return explained(code.removeprefix(wire_code("")))
    except KeyError:
        return None
