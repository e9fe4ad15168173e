"""One page of a list: the filters that the API documents, the next page by the marker of the last row."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from opencbr.console.api_client import ApiClient
from opencbr.console.console import console
from opencbr.console.explorer.fields import Field

LIMIT = 25
_PAGING = frozenset({"limit", "offset", "marker"})
"""Parameters that are the page's own affair."""


@dataclass(frozen=True)
class Page:
    """`rows` as the API gives them, `count` of all that match, and where the next page is, None at the end.

    `fields` are the filters that there are, `filters` the values of those that were given.
    """

    rows: list[dict[str, Any]]
    count: int
    fields: tuple[Field, ...]
    filters: dict[str, list[str]]
    more: str | None
    first: str | None


def page_of(client: ApiClient, operation: str, envelope: str, **fixed: str | tuple[str, ...]) -> Page:
    """Read the page of a list that the browser's query asks for; only the operation's filters go to it. Raises Refused.

    Filters that the page itself sets (`fixed`), and ids in the operation's path among them, cannot be entered.
    """
    listed = console().operations[operation]
    path = listed.path.removeprefix("/v3/{project_id}")
    filters = {name: value for name, value in fixed.items() if f"{{{name}}}" not in path}
    for name in fixed.keys() - filters.keys():
        path = path.replace(f"{{{name}}}", str(fixed[name]))
    fields = tuple(
        one for one in listed.fields if one.place == "query" and one.name not in _PAGING.union(fixed)
    )
    asked = {
        one.name: [text for text in map(str.strip, request.args.getlist(one.name)) if text] for one in fields
    }
    given = {name: values for name, values in asked.items() if values}
    marker = request.args.get("marker", "")
    answer = client.get(path, limit=LIMIT, marker=marker, **given, **filters)
    rows = answer[envelope]
    more = None
    if len(rows) == LIMIT:
        more = f"{request.path}?{urlencode({**given, 'marker': rows[-1]['id']}, doseq=True)}"
    first = f"{request.path}?{urlencode(given, doseq=True)}" if marker else None
    return Page(rows, answer["count"], fields, given, more, first)
