"""Read what a client sent: body and query become the route's types, or a sentence says what to change."""

import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from opencbr.api.errors import bad_parameter
from opencbr.model.errors import CbrError

BODY_LIMIT = 1024 * 1024
"""Bytes a request body may have; the largest real one (256 resources) has a tenth of it."""

_READ = "opencbr.body"
_DRAIN_LIMIT = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_WHERE = re.compile(r"(?P<what>.*?)(?: - at `(?P<where>(?:key in )?[^`]*)`)?\Z", re.DOTALL)
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_JSON_TYPES = ("application/json", "")


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
    if content_type.partition(";")[0].strip().lower() not in _JSON_TYPES:
        raise bad_parameter("The body must be JSON: send it with Content-Type application/json.", status=415)
    if not body:
        raise bad_parameter("The body is missing: send a JSON object.")
    try:
        if b"\\u0000" in body and _holds_nul(msgspec.json.decode(body)):
            raise bad_parameter("The body holds a NUL character: leave it out.")
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error, "the body") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_parameter(
            "The body is not valid JSON: send one JSON object in UTF-8, without lone surrogates."
        ) from error


class QueryReader:
    """Reads one route's query: unknown keys are ignored, a repeated key means OR if the field is a tuple."""

    def __init__(self, kind: type[Struct]) -> None:
        self._kind = kind
        self._many = {field.encode_name: _takes_many(field.type) for field in fields(kind)}
        self._empty = kind()

    def read(self, query: str) -> Struct:
        """Convert the query string (without question mark); raises 400/9900 naming the parameter."""
        if not query:
            return self._empty
        found: dict[str, Any] = {}
        for part in query.split("&"):
            key, value = _pair(part)
            if key not in self._many:
                continue
            if self._many[key]:
                found.setdefault(key, []).append(value)
            elif key in found:
                raise bad_parameter(f"{key}: it is given more than once; give it once.")
            else:
                found[key] = value
        try:
            return msgspec.convert(found, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise _invalid(error, "the query") from error


def _pair(part: str) -> tuple[str, str]:
    key, _, value = part.replace("+", "%20").partition("=")
    try:
        pair = (
            unquote_to_bytes(key.encode("latin-1")).decode(),
            unquote_to_bytes(value.encode("latin-1")).decode(),
        )
    except UnicodeError as error:
        raise bad_parameter("The query is not UTF-8: percent-encode its values as UTF-8.") from error
    if "\0" in pair[1]:
        raise bad_parameter(f"{pair[0][:64]}: it holds a NUL character; leave it out.")
    return pair


def _takes_many(kind: Any) -> bool:
    """Say whether a field's type is a tuple or list, also inside Annotated or beside None."""
    return get_origin(kind) in {tuple, list} or any(_takes_many(part) for part in get_args(kind))


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


def _invalid(error: msgspec.ValidationError, whole: str) -> CbrError:
    """Turn msgspec's finding into a sentence that names the place and what is expected."""
    match = _WHERE.match(str(error))
    what, where = (match["what"], match["where"]) if match else (str(error), None)
    place = (where or "$").removeprefix("key in ").removeprefix("$").removeprefix(".") or whole
    return bad_parameter(f"{place[:200]}: {_plain(what)[:300]}.")


def _plain(what: str) -> str:  # noqa: PLR0911 -- one kind of finding a line
    if missing := re.fullmatch(r"Object missing required field `([^`]*)`", what):
        return f"the member {missing[1]} is missing; add it"
    if wrong := re.fullmatch(r"Expected `([^`]*)`, got `([^`]*)`", what):
        return f"expected {_kinds(wrong[1])}, got {_kinds(wrong[2])}; change it"
    if length := re.fullmatch(r"Expected `(\w+)` of length (<=|>=) (\d+)", what):
        bound = "at most" if length[2] == "<=" else "at least"
        unit = "characters" if length[1] == "str" else "entries"
        return f"expected {bound} {length[3]} {unit}; change its length"
    if limit := re.fullmatch(r"Expected `(\w+)` (<=|>=|<|>) (\S+)", what):
        return f"expected {_kinds(limit[1])} {limit[2]} {limit[3]}; change it"
    if re.match(r"Expected `str` matching regex", what):
        return "it has characters not allowed here; names take letters, digits, '_', '-', texts no '<' or '>'"
    if wrong_enum := re.match(r"Invalid enum value (.*)", what, re.DOTALL):
        return f"the value {wrong_enum[1][:80]} is not one of those allowed; see /openapi.json"
    return what[0].lower() + what[1:]


def _kinds(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | "))
