"""One page of a list: filters as the API has them, the next page by the marker of the last row."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from opencbr.console.api_client import ApiClient

LIMIT = 25


@dataclass(frozen=True)
class Page:
    """`rows` as the API gives them, `count` of all that match, and where the next page is, None at the end."""

    rows: list[dict[str, Any]]
    count: int
    filters: dict[str, str]
    more: str | None
    first: str | None


def page_of(client: ApiClient, path: str, envelope: str, filters: tuple[str, ...]) -> Page:
    """Read the page that the browser's query asks for; only `filters` go to the API. Raises Refused."""
    given = {name: text for name in filters if (text := request.args.get(name, "").strip())}
    marker = request.args.get("marker", "")
    answer = client.get(path, limit=LIMIT, marker=marker, **given)
    rows = answer[envelope]
    more = None
    if len(rows) == LIMIT:
        more = f"{request.path}?{urlencode({**given, 'marker': rows[-1]['id']})}"
    first = f"{request.path}?{urlencode(given)}" if marker else None
    return Page(rows, answer["count"], given, more, first)
