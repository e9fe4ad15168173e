"""What the page of an error code tells."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from opencbr.model.error_catalogue import GATEWAY
from opencbr.model.error_explanations import Explanation, explained
from opencbr.model.errors import CATALOGUE, wire_code


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The page of a code: `code` is whole, `operations` are those that may answer it, with the statuses."""

    code: str
    explanation: Explanation
    operations: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def statuses(self) -> list[str]:
        """The statuses that come with the code, with HTTP's words for them."""
        found = {status for _, statuses in self.operations for status in statuses}
        if not found and self.code not in GATEWAY:
            found = {CATALOGUE[self.code.rpartition(".")[2]].status}
        return [f"{status} {HTTPStatus(status).phrase}" for status in sorted(found)]


def error_pages(document: dict[str, Any]) -> tuple[ErrorPage, ...]:
    """Make a page for every code, those of the gateway first."""
    answered = _answered(document)
    whole = {code: code for code in GATEWAY} | {wire_code(code): code for code in CATALOGUE}
    return tuple(
        ErrorPage(code, explained(short), tuple(answered.get(code, {}).items()))
        for code, short in whole.items()
    )


def _answered(document: dict[str, Any]) -> dict[str, dict[str, tuple[int, ...]]]:
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            for status, answer in operation["responses"].items():
                for code in answer.get("x-error-codes", ()):
                    by_name = found.setdefault(code, {})
                    by_name[name] = (*by_name.get(name, ()), int(status))
    return found
