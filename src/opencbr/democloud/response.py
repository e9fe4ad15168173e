"""What goes back: a response, and how each service words an error."""

import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

_ERROR_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    429: "overLimit",
    503: "serviceUnavailable",
}  # what Nova and Cinder call their errors; every other status is a computeFault


class ApiError(Exception):
    """A call the cloud does not carry out: `status` and the sentence of the real service.

    `kind` is the exception type that Neutron names in its body; the other services do not show it. With `keeps` the call has
    changed something before it was refused, and that stays.
    """

    def __init__(self, status: int, message: str, kind: str = "", *, keeps: bool = False) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.keeps = status, message, kind, keeps


@dataclass
class Response:
    """Status, body (JSON to encode, or bytes as they are) and further headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A response as it is sent.

    `sent` is "whole", or what an injected fault makes of it: of "half" the connection is closed in the middle
    of the body, of "nothing" without an answer; "dripping" goes on with single bytes `until` then.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    sent: Literal["whole", "half", "nothing", "dripping"] = "whole"
    until: threading.Event | None = None


def encode(service: str, body: Any) -> bytes:
    """Write JSON with the separators of that service: Neutron writes compactly, the others like Python."""
    separators = (",", ":") if service == "network" else (", ", ": ")
    return json.dumps(body, separators=separators, ensure_ascii=service != "network").encode()


def error_response(service: str, status: int, message: str, kind: str = "") -> Response:
    """Build the response with which that service refuses a call."""
    title = HTTPStatus(status).phrase
    if service == "identity":
        body: Any = {"error": {"code": status, "message": message, "title": title}}
        text = json.dumps(body, separators=(",", ":")) + "\n"
        headers = {"WWW-Authenticate": "Keystone uri=identity"} if status == HTTPStatus.UNAUTHORIZED else {}
        return Response(status, text.encode(), headers)
    if status == HTTPStatus.UNAUTHORIZED:  # said by the token middleware before the service is asked
        body = {"error": {"code": 401, "title": title, "message": message}}
        return Response(status, body, {"WWW-Authenticate": "Keystone uri=identity"})
    if service == "network":
        body = {"NeutronError": {"type": kind or title.replace(" ", ""), "message": message, "detail": ""}}
    elif service == "image":
        body = {"message": f"{message}<br /><br />\n\n\n", "code": f"{status} {title}", "title": title}
    else:
        body = {_ERROR_NAMES.get(status, "computeFault"): {"code": status, "message": message}}
    return Response(status, body)
