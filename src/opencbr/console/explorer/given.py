"""From what was entered in a form to the request that is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from werkzeug.datastructures import MultiDict

from opencbr.console.explorer.fields import BadEntry, Field
from opencbr.console.explorer.operations import Described
from opencbr.samples import Call
from opencbr.samples.wire import filled


@dataclass(frozen=True)
class Given:
    """A request as it was entered; `path` is whole, as it goes over the wire, `body` None where the operation has none."""

    operation: Described
    path_values: dict[str, str]
    path: str
    query: list[tuple[str, str]]
    body: Any

    @property
    def decoded_path(self) -> str:
        """The path as a server reads it."""
        return unquote(self.path)


def given(
    operation: Described, entries: "MultiDict[str, str]", project_id: str, *, lenient: bool = False
) -> Given:
    """Read the form. Raises BadEntry where no request can be made of it; a `lenient` reader leaves gaps in the path."""
    path_values: dict[str, str] = {"project_id": project_id}
    query: list[tuple[str, str]] = []
    body: dict[str, Any] = {}
    has_body = False
    refuse_repeated(operation, entries)
    for field in operation.fields:
        text = "\n".join(texts_of(field, entries)).strip("\r\n")
        if field.place == "path":
            if text.strip() in {".", ".."}:
                raise BadEntry(f"{field.name} cannot be {text.strip()}: clients make a shorter path of it.")
            if text.strip():
                path_values[field.name] = text.strip()
            elif not lenient:
                raise BadEntry(f"{field.name} is missing: it is a part of the path.")
        elif field.place == "query":
            parts = text.splitlines() if field.repeated else [text]
            query += [(field.name, part) for part in parts if part]
        else:
            has_body = True
            value = _rows(field, entries) if field.kind == "rows" else field.value(text) if text else None
            if value == [] and field.kind == "texts":
                value = None
            if value is not None:
                _put(body, field.name, value)
    path = filled(operation.path, path_values)
    return Given(operation, path_values, path, query, body if has_body else None)


def call_of(given: Given, endpoint: str, project_id: str) -> Call:
    """Return the request as samples are made from it."""
    kinds = {field.name: field for field in given.operation.fields if field.place == "query"}
    return Call(
        operation=given.operation.name,
        method=given.operation.method,
        path=given.operation.path,
        endpoint=endpoint,
        project_id=project_id,
        path_values={name: value for name, value in given.path_values.items() if name != "project_id"},
        query=tuple((name, kinds[name].value(text)) for name, text in given.query),
        body=given.body,
    )


def refuse_repeated(operation: Described, entries: "MultiDict[str, str]") -> None:
    """Raise BadEntry where one value is asked for and several are there: none is left out silently."""
    for field in entry_fields(operation, entries):
        if not field.is_many and len(entries.getlist(field.name)) > 1:
            raise BadEntry(f"{field.name} is given more than once: one value is possible.")


def texts_of(field: Field, entries: "MultiDict[str, str]") -> list[str]:
    """Return what is entered for a field: one text, or of several values each."""
    found = entries.getlist(field.name)
    return [line for text in found for line in text.splitlines()] if field.is_many else found[:1]


def shared_query(entries: "MultiDict[str, str]", operation: Described) -> list[tuple[str, str]]:
    """Return what a link to the form with these entries has: only fields of the operation, never a credential."""
    return [
        (field.name, text)
        for field in entry_fields(operation, entries)
        for text in texts_of(field, entries)
        if text
    ]


def entry_fields(operation: Described, entries: Mapping[str, str]) -> list[Field]:
    """List the fields of the form, those of each row that it has among them."""
    return [one for field in operation.fields for one in (field, *_all_rows(field, entries))]


def rows_entered(field: Field, entries: Mapping[str, str]) -> int:
    """Count the rows of a list of objects that a form has, blank ones too; at least one."""
    pattern = re.compile(re.escape(field.name) + r"\.(\d{1,3})\.")
    numbers = [int(found[1]) for name in entries if (found := pattern.match(name))]
    return max(numbers, default=0) + 1


def _all_rows(field: Field, entries: Mapping[str, str]) -> list[Field]:
    if field.kind != "rows":
        return []
    return [one for number in range(rows_entered(field, entries)) for one in field.row(number)]


def _rows(field: Field, entries: "MultiDict[str, str]") -> list[dict[str, Any]] | None:
    """Read the rows that are not blank; a list that the request must have is there, even empty."""
    found = []
    for number in range(rows_entered(field, entries)):
        row: dict[str, Any] = {}
        for member in field.row(number):
            text = "\n".join(texts_of(member, entries)).strip()
            if text:
                _put(row, member.name.removeprefix(f"{field.name}.{number}."), member.value(text))
        if row:
            found.append(row)
    return found or ([] if field.required else None)


def _put(body: dict[str, Any], name: str, value: Any) -> None:
    *above, last = name.split(".")
    for part in above:
        body = body.setdefault(part, {})
    body[last] = value
