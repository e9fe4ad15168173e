"""The parts of a call as they go over the wire, for the samples that speak HTTP themselves."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from opencbr.samples.call import Call, Scalar


def encoded(text: str) -> str:
    """Percent-encode a value of a path or a query: RFC 3986's unreserved characters stay, as signing wants it (contract 9.2).

    Half of a surrogate pair, which no request can carry, becomes a question mark.
    """
    return quote(text, safe="", errors="replace")


def query_text(value: Scalar) -> str:
    """Write a value as the query has it: booleans in lower case, as the vendor's SDKs do."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def filled(path: str, values: Mapping[str, str]) -> str:
    """Put values into the template of a path, percent-encoded; a parameter without a value stays in its braces."""
    return re.sub(
        r"\{(\w+)\}", lambda found: encoded(values[found[1]]) if found[1] in values else found[0], path
    )


def path_of(call: Call) -> str:
    """Return the path with its values in place, as it goes over the wire."""
    return filled(call.path, {"project_id": call.project_id, **call.path_values})


def query_pairs(call: Call) -> list[tuple[str, str]]:
    """Return the query's pairs as texts, not encoded, in the call's order."""
    return [(key, query_text(value)) for key, value in call.query]


def query_of(call: Call) -> str:
    """Return the query as it stands in a URL after the question mark; "" without one."""
    return "&".join(f"{encoded(key)}={encoded(value)}" for key, value in query_pairs(call))


def url_of(call: Call) -> str:
    """Return the whole URL."""
    query = query_of(call)
    return f"{call.endpoint.rstrip('/')}{path_of(call)}{f'?{query}' if query else ''}"


def json_of(body: Any) -> str:
    """Write a body for people to read. Invisible characters are escaped, so that what is seen is what is sent."""
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return "".join(one if one == "\n" or one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]
