"""The body of a request: read on the event loop, at most once, within bounds; and decoded as the type that a handler takes."""

import asyncio
from collections import deque
from typing import Any

import msgspec
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # it has no list of names
from msgspec import Struct

from opencbr.api.errors import bad_parameter
from opencbr.api.exchange import Exchange
from opencbr.api.pools import Busy
from opencbr.api.response import JSON_TYPE
from opencbr.api.validation import invalid
from opencbr.deadline import seconds_left
from opencbr.model.errors import CbrError

BODY_LIMIT = 1024 * 1024
"""Bytes a request body may have; the largest real one (256 resources) has a tenth of it."""

_DRAIN_LIMIT = 32 * 1024 * 1024
_AT_ONCE = 16
"""Bodies of one sender that are read at a time: whoever sends slowly keeps nobody else from sending.

A sender that nobody has vouched for may be many: all who come through a proxy, or whoever knows a key's id. There the oldest
body gives way to the next one, because an honest one is there in a moment, and one that is held back is the oldest soon.
"""


class Bodies:
    """Reads bodies; used from one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, deque[asyncio.Timeout]] = {}
        """By sender, the oldest first."""

    async def read(self, exchange: Exchange, sender: str, *, verified: bool) -> bytes:
        """Return the whole body, which must have arrived by the request's deadline.

        `sender` is the user, or (`verified` is False then) the access key whose signature the body is needed for, or the
        address. Raises 413/9900 beyond BODY_LIMIT bytes, 400/9900 for a length that is none or a body shorter than it,
        408/9900, Busy. What is too long is read and thrown away up to a bound where the sender is known, because many
        clients only look at the answer after they have sent everything.
        """
        length = _length(exchange)
        if length == 0:
            return b""
        most = _DRAIN_LIMIT if verified else BODY_LIMIT
        if length is not None and length > most:
            raise _too_long()
        others = self._under_way.setdefault(sender, deque())
        if len(others) >= _AT_ONCE:
            if verified:
                raise Busy
            others.popleft().reschedule(asyncio.get_running_loop().time())
        limit = asyncio.timeout(seconds_left())
        others.append(limit)
        try:
            async with limit:
                return await _received(exchange, length, most)
        except TimeoutError as error:
            raise bad_parameter("The body did not arrive in time: send it at once.", status=408) from error
        finally:
            if limit in others:
                others.remove(limit)
            if not others:
                self._under_way.pop(sender, None)


def _length(exchange: Exchange) -> int | None:
    """Return the length that the request announces, 0 for no body, None for a body in chunks."""
    text = exchange.header("content-length")
    if text:
        if not (text.isascii() and text.isdigit()):
            raise bad_parameter("Content-Length is no number: send the length of the body in bytes.")
        return int(text)
    return None if exchange.header("transfer-encoding") else 0


async def _received(exchange: Exchange, length: int | None, most: int) -> bytes:
    parts, size = [], 0
    try:
        async for part in exchange.chunks:
            size += len(part)
            if size > most:
                raise _too_long()
            if size <= BODY_LIMIT:
                parts.append(part)
            else:
                parts.clear()
    except ProtocolClosed as error:
        raise _cut_short() from error
    if size > BODY_LIMIT:
        raise _too_long()
    if length is not None and size != length:
        raise _cut_short()
    return b"".join(parts)


def _too_long() -> CbrError:
    return bad_parameter(
        f"The body is longer than {BODY_LIMIT} bytes: send fewer resources in one request.", status=413
    )


def _cut_short() -> CbrError:
    return bad_parameter("The body ended before its announced length: send all of it.")


def decode_body(kind: type[Struct], content_type: str, body: bytes) -> Struct:
    """Decode a JSON body; raises 415/9900 for another content type, else 400/9900 naming the member."""
    if content_type.partition(";")[0].strip().lower() not in (JSON_TYPE, ""):
        raise bad_parameter("The body must be JSON: send it with Content-Type application/json.", status=415)
    if not body:
        raise bad_parameter("The body is missing: send a JSON object.")
    try:
        if b"\\u0000" in body and _holds_nul(msgspec.json.decode(body)):
            raise bad_parameter("The body holds a NUL character: leave it out.")
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(error, "the body") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_parameter(
            "The body is not valid JSON: send one JSON object in UTF-8, without lone surrogates."
        ) from error


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
