"""What a request is answered with, before it becomes HTTP."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from opencbr.api.exchange import Exchange

Headers = tuple[tuple[str, str], ...]

Reply = tuple[int, bytes, Headers]
"""Status, body (empty where the answer has none), and headers beside those that every answer has.

A body's headers name its Content-Type. A plain tuple: every request makes one.
"""

Responder = Callable[[Exchange, str, dict[str, str]], Awaitable[Reply]]
"""Answers a request, given its id and the parameters of its path. Raises what `errors.failure_of` knows."""

OK = 200
JSON_TYPE = "application/json"
JSON: Headers = (("Content-Type", JSON_TYPE),)


_encode = msgspec.json.Encoder().encode


def encode(value: Any) -> bytes:
    """Write an answer as JSON, whatever texts and numbers stand in it: what it tells of may be committed already.

    The cloud's own values go through here, and it may say half a UTF-16 pair or a number beyond 64 bits.
    """
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def open_to_all(answer: Callable[[Exchange], Reply]) -> Responder:
    """Make the responder of a path that wants no sign-in, and whose answer waits for nothing."""

    async def respond(exchange: Exchange, _request_id: str, _path: dict[str, str]) -> Reply:
        return answer(exchange)

    return respond
