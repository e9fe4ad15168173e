"""What a handler takes and gives, read from its signature: the one place where these types stand.

    def list_vaults(request: Request[ListVaultQuery, None]) -> ListVaultBody

mypy checks the handler's body against them; reading, validating and the OpenAPI document follow them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct

from opencbr.api.request import Request
from opencbr.api.response import JSON_TYPE


@dataclass(frozen=True, slots=True)
class Content:
    """What finished bytes are: `-> Annotated[bytes, Content(ShowMetadataBody)]`, or of another media type."""

    struct: type[Struct] | None = None
    media_type: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class HandlerTypes:
    """The structs of query, JSON body and answer, each None where there is none.

    `media_type` is the answer's, None where a good answer has no body.
    """

    query: type[Struct] | None
    body: type[Struct] | None
    answer: type[Struct] | None
    media_type: str | None


def types_of(handler: Callable[..., Any]) -> HandlerTypes:
    """Read a handler's signature; raises TypeError where it does not say what the handler takes and gives."""
    hints = get_type_hints(handler, include_extras=True)
    taken = [kind for name, kind in hints.items() if name != "return"]
    if len(taken) != 1 or get_origin(taken[0]) is not Request or "return" not in hints:
        raise TypeError(f"{_name(handler)}: write its signature as (request: Request[Query, Body]) -> Answer")
    query, body = (None if kind is NoneType else kind for kind in get_args(taken[0]))
    answer, media_type = _answer(handler, hints["return"])
    return HandlerTypes(query, body, answer, media_type)


def _answer(handler: Callable[..., Any], kind: Any) -> tuple[type[Struct] | None, str | None]:
    if kind is NoneType:
        return None, None
    contents = [mark for mark in getattr(kind, "__metadata__", ()) if isinstance(mark, Content)]
    if contents:
        return contents[0].struct, contents[0].media_type
    if isinstance(kind, type) and issubclass(kind, Struct):
        return kind, JSON_TYPE
    raise TypeError(
        f"{_name(handler)}: it returns {kind}; return a Struct, None or Annotated[bytes, Content(…)]"
    )


def _name(handler: Callable[..., Any]) -> str:
    return f"{handler.__module__}.{handler.__qualname__}"
