"""What the page of an operation tells, in the form that readers of CBR's pages know, and the list of all pages."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from opencbr.console.reference.members import Member, member, members_of

_JSON = "application/json"
_OK = 300


@dataclass(frozen=True, slots=True)
class Status:
    """A status and, of an error, the codes that come with it."""

    status: int
    text: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be shown as it is, under a title."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPage:
    """The page of an operation. `request` is its first line and header; bodies and answers are JSON."""

    name: str
    chapter: str
    summary: str
    function: str
    right: str
    method: str
    path: str
    path_parameters: tuple[Member, ...]
    query_parameters: tuple[Member, ...]
    header_parameters: tuple[Member, ...]
    body: tuple[Member, ...]
    answer: tuple[Member, ...]
    request: str
    bodies: tuple[Text, ...]
    answers: tuple[Text, ...]
    statuses: tuple[Status, ...]
    samples: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter and the pages in it; `missing` are the operations that this server does not offer, as method and path."""

    name: str
    description: str
    pages: tuple[OperationPage, ...]
    missing: tuple[dict[str, str], ...]


def operation_pages(document: dict[str, Any]) -> tuple[OperationPage, ...]:
    """Make the pages of all operations of an OpenAPI document, in its order."""
    return tuple(
        _page(path, method.upper(), operation, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )


def operation_page(document: dict[str, Any], name: str) -> OperationPage | None:
    """Make the page of one operation; None where the document has none of this name."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] == name:
                return _page(path, method.upper(), operation, document["components"]["schemas"])
    return None


def chapters(document: dict[str, Any]) -> tuple[Chapter, ...]:
    """Put the pages into their chapters; a chapter of which nothing is offered comes last."""
    pages = operation_pages(document)
    missing = document["x-not-offered"]
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    names = dict.fromkeys([*told, *(one["chapter"] for one in missing)])
    return tuple(
        Chapter(
            name,
            told.get(name, ""),
            tuple(page for page in pages if page.chapter == name),
            tuple(one for one in missing if one["chapter"] == name),
        )
        for name in names
    )


def _page(
    path: str, method: str, operation: dict[str, Any], schemas: dict[str, dict[str, Any]]
) -> OperationPage:
    parameters = operation["parameters"]
    body = operation.get("requestBody", {}).get("content", {}).get(_JSON, {})
    good = next(answer for status, answer in operation["responses"].items() if int(status) < _OK)
    answer = good.get("content", {}).get(_JSON, {})
    return OperationPage(
        name=operation["operationId"],
        chapter=operation["tags"][0],
        summary=operation["summary"],
        function=operation["description"].partition("\n\n")[0],
        right=operation["x-required-right"],
        method=method,
        path=path,
        path_parameters=_parameters(parameters, "path"),
        query_parameters=_parameters(parameters, "query"),
        header_parameters=_parameters(parameters, "header"),
        body=members_of(body.get("schema", {}), schemas),
        answer=members_of(answer.get("schema", {}), schemas),
        request=_request(method, path, parameters),
        bodies=_examples(body),
        answers=_examples(answer),
        statuses=tuple(
            Status(
                int(status), told["description"].partition("\n\n")[0], tuple(told.get("x-error-codes", ()))
            )
            for status, told in operation["responses"].items()
        ),
        samples=tuple(Text(one["label"], one["source"]) for one in operation.get("x-codeSamples", ())),
    )


def _parameters(parameters: list[dict[str, Any]], place: str) -> tuple[Member, ...]:
    return tuple(
        member(one["name"], one["schema"], required=one["required"], description=one["description"])
        for one in parameters
        if one["in"] == place
    )


def _request(method: str, path: str, parameters: list[dict[str, Any]]) -> str:
    """Write the head of the example's request."""
    shown = [(one, one["example"]) for one in parameters if "example" in one]
    for one, value in shown:
        path = path.replace(f"{{{one['name']}}}", quote(str(value), safe=""))
    query = urlencode([(one["name"], value) for one, value in shown if one["in"] == "query"], doseq=True)
    return f"{method} {path}{'?' + query if query else ''}\nX-Auth-Token: $OS_TOKEN"


def _examples(content: dict[str, Any]) -> tuple[Text, ...]:
    return tuple(
        Text(one["summary"], json.dumps(one["value"], indent=2, ensure_ascii=False))
        for one in content.get("examples", {}).values()
    )
