"""An answer as it is shown: what was sent, what came back, and what an error means."""

import json
from dataclasses import dataclass
from typing import Any

from opencbr.console.api_client import Answer
from opencbr.console.credential import signable
from opencbr.console.explorer.given import Given
from opencbr.model.error_explanations import Explanation, explained
from opencbr.model.errors import wire_code

_SHOWN_HEADERS = ("X-Request-Id", "Content-Type", "Retry-After", "Allow", "WWW-Authenticate")


@dataclass(frozen=True)
class Document:
    """One string of ShowMetadata, opened: `text` is byte for byte what was kept."""

    name: str
    text: str
    value: Any


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


def shown(given: Given, answer: Answer) -> Shown:
    """Prepare an answer for its page."""
    try:
        value = answer.json()
    except ValueError:
        value = answer.body.decode("utf-8", "replace")
    sent = signable(given.operation.method, given.decoded_path, given.query)
    line = f"{sent.method} {given.path}" + (f"?{sent.query}" if sent.query else "")
    # Half a UTF-16 pair can be sent, as an escape, and cannot stand in a page.
    told = "" if given.body is None else json.dumps(given.body, indent=2, ensure_ascii=False)
    body = told.encode(errors="backslashreplace").decode()
    documents = documents_of(value) if answer.ok and given.operation.name == "ShowMetadata" else ()
    code = _code_of(value) if not answer.ok else ""
    return Shown(line, body, answer, value, documents, code, _explained(code))


def documents_of(metadata: dict[str, Any]) -> tuple[Document, ...]:
    """Open each string of a ShowMetadata answer as the document that it is (contract 6)."""
    found = []
    for name, value in metadata.items():
        texts = value if isinstance(value, list) else [value]
        for number, text in enumerate(texts):
            label = f"{name}[{number}]" if isinstance(value, list) else name
            found.append(Document(label, str(text or ""), _opened(text)))
    return tuple(found)


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
