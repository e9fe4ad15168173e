"""Headers beside those of HTTP itself: what an operation honours, and what it answers with."""

from typing import Any

from opencbr.api.dispatch import MASKED, METADATA, VIEW
from opencbr.api.route import Route

_ALWAYS = {
    "X-Request-Id": "Names this request in the server's log.",
    "X-Openstack-Request-Id": "The same, by the name that OpenStack's clients know.",
    "X-Content-Type-Options": "`nosniff`: the answer is what its Content-Type says.",
    "Cache-Control": "`no-store`: the answer is for whoever has the credential.",
}
_OF_A_STATUS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "How to sign in."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}},
}

HEADERS = {name: {"schema": {"type": "string"}, "description": told} for name, told in _ALWAYS.items()}
"""What stands once in the document, for all answers."""


def header_parameters(route: Route) -> list[dict[str, Any]]:
    """Describe the headers that an operation honours beside the credential's."""
    if route.right != METADATA:
        return []
    return [
        {
            "name": VIEW,
            "in": "header",
            "required": False,
            "description": "`masked` asks for the view of whoever has no right to secrets: none is read, and no audit line "
            "is written",
            "schema": {"type": "string", "enum": [MASKED]},
        }
    ]


def headers_of(status: int) -> dict[str, Any]:
    """Describe the headers of an answer."""
    always = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}
    return always | _OF_A_STATUS.get(status, {})
