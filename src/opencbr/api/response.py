"""What a request is answered with, before it becomes HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
"""The request as PEP 3333 has it."""

Headers = tuple[tuple[str, str], ...]

Reply = tuple[str, bytes, Headers]
"""Status line, body (empty where the answer has none), and headers beside those that every answer has.

A body's headers name its Content-Type. A plain tuple: every request makes one.
"""

Responder = Callable[[Environ, str, dict[str, str]], Reply]
"""Answers a request, given its id and the parameters of its path. Raises what `errors.failure_of` knows."""

OK = "200 OK"
JSON_TYPE = "application/json"
JSON: Headers = (("Content-Type", JSON_TYPE),)


def status_line(code: int) -> str:
    """Write `404 Not Found` for 404."""
    return f"{code} {HTTPStatus(code).phrase}"


def open_to_all(answer: Callable[[Environ], Reply]) -> Responder:
    """Make the responder of a path that wants no sign-in and only answers."""
    return lambda environ, _request_id, _path: answer(environ)
