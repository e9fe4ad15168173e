"""The body of a request: read at most once, within bounds, and decoded as the type that a handler takes."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from opencbr.api.errors import bad_parameter
from opencbr.api.response import JSON_TYPE
from opencbr.api.validation import invalid

BODY_LIMIT = 1024 * 1024
"""Bytes a request body may have; the largest real one (256 resources) has a tenth of it."""

_READ = "opencbr.body"
_DRAIN_LIMIT = 32 * 1024 * 1024
_CHUNK = 64 * 1024


def body_of(environ: dict[str, Any]) -> bytes:
    """Give the request's body, read at the first call: nobody sends one before they have signed in.

    Raises 413/9900 beyond BODY_LIMIT bytes, 400/9900 for a length that is none.
    """
    body: bytes | None = environ.get(_READ)
    if body is None:
        body = environ[_READ] = _read_body(environ)
    return body


def _read_body(environ: Mapping[str, Any]) -> bytes:
    """Read at most BODY_LIMIT bytes.

    What is too long is read and thrown away up to a bound, because many clients only look at the answer after
    they have sent everything.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if length:
        if not (length.isascii() and length.isdigit()):
            raise bad_parameter("Content-Length is no number: send the length of the body in bytes.")
        size = int(length)
        if size == 0:
            return b""
    elif "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        size = BODY_LIMIT + 1
    else:
        return b""
    body = _read(environ["wsgi.input"], min(size, BODY_LIMIT + 1))
    if len(body) > BODY_LIMIT:
        if not length or size <= _DRAIN_LIMIT:
            _drain(environ["wsgi.input"], (size if length else _DRAIN_LIMIT) - len(body))
        raise bad_parameter(
            f"The body is longer than {BODY_LIMIT} bytes: send fewer resources in one request.", status=413
        )
    return body


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


def _read(stream: Any, size: int) -> bytes:
    """Read until `size` bytes or the end: a WSGI stream may give less than asked."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _drain(stream: Any, size: int) -> None:
    while size > 0 and (part := stream.read(min(size, _CHUNK))):
        size -= len(part)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
