"""From what was entered in a form to the request that is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import MultiDict

from opencbr.console.explorer.fields import BadEntry
from opencbr.console.explorer.operations import Described


@dataclass(frozen=True)
class Given:
    """A request as it was entered; `path` is whole and decoded, `body` None where the operation has none."""

    operation: Described
    path_values: dict[str, str]
    path: str
    query: list[tuple[str, str]]
    body: Any


def given(operation: Described, entries: "MultiDict[str, str]", project_id: str) -> Given:
    """Read the form. Raises BadEntry where no request can be made of it."""
    path_values: dict[str, str] = {"project_id": project_id}
    query: list[tuple[str, str]] = []
    body: dict[str, Any] = {}
    has_body = False
    for field in operation.fields:
        text = entries.get(field.name, "").strip("\r\n")
        if field.place == "path":
            if not text.strip():
                raise BadEntry(f"{field.name} is missing: it is a part of the path.")
            path_values[field.name] = text.strip()
        elif field.place == "query":
            parts = text.splitlines() if field.repeated else [text]
            query += [(field.name, part) for part in parts if part]
        else:
            has_body = True
            if text:
                _put(body, field.name, field.value(text))
            elif field.required and field.is_list:
                _put(body, field.name, [])
    path = operation.path
    for name, value in path_values.items():
        path = path.replace(f"{{{name}}}", value)
    return Given(operation, path_values, path, query, body if has_body else None)


def shared_query(entries: Mapping[str, str], operation: Described) -> list[tuple[str, str]]:
    """Return what a link to the form with these entries has: only fields of the operation, never a credential."""
    return [(field.name, entries[field.name]) for field in operation.fields if entries.get(field.name)]


def quoted(path: str) -> str:
    """Write a decoded path as it goes over the wire."""
    return quote(path, safe="/")


def _put(body: dict[str, Any], name: str, value: Any) -> None:
    *above, last = name.split(".")
    for part in above:
        body = body.setdefault(part, {})
    body[last] = value
