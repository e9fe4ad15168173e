"""The query of a request, read as the type that a handler takes."""

from typing import Any, get_args, get_origin
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from opencbr.api.errors import bad_parameter
from opencbr.api.validation import invalid

_MOST = 512
"""Parameters of a query; the longest real one names the 256 resources of a vault."""


def bound_query(query: str) -> None:
    """Raise 400/9900 for a query of more parameters than anybody has to send.

    Looked at before anything is done for the request: to check a signature, each is decoded and sorted.
    """
    if query.count("&") >= _MOST:
        raise bad_parameter(f"The query has more than {_MOST} parameters: ask in several requests.")


class QueryReader:
    """Reads one route's query: unknown keys and empty values are ignored (contract 2, rule 8).

    A repeated key means OR if the field is a tuple.
    """

    def __init__(self, kind: type[Struct]) -> None:
        self._kind = kind
        self._many = {field.encode_name: _takes_many(field.type) for field in fields(kind)}
        self._empty = None if any(field.required for field in fields(kind)) else kind()

    def read(self, query: str) -> Struct:
        """Convert the query string (without question mark); raises 400/9900 naming the parameter."""
        if not query and self._empty is not None:
            return self._empty
        found: dict[str, Any] = {}
        for part in query.split("&"):
            key, value = _pair(part)
            if key not in self._many or not value:
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
            raise invalid(error, "the query") from error


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
