"""One row of the route table, and what its handler is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from opencbr.service.context import Context
from opencbr.service.services import Services


class Request(Struct, frozen=True):
    """A request that has been routed, signed in, permitted and validated.

    `path` holds the path parameters without `project_id` (that is `ctx.project_id`); they are non-empty text
    and nothing more: a handler answers 404 for an id it cannot find. `query` and `body` are instances of the
    types that the route names, None where it names none.
    """

    ctx: Context
    path: Mapping[str, str]
    query: Any
    body: Any
    services: Services


Handler = Callable[[Request], Struct | bytes | None]
"""Returns the response struct, its finished JSON text, or None where the answer has no body (204)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of the interface.

    `path` begins with `/v3/{project_id}/`. `right` is a rule of `api/rights.py`. `success` is the one status
    of a good answer. `response` is what the OpenAPI document shows, also where the handler returns finished
    bytes. `chapter` is the contract's resource group.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    right: str
    summary: str
    chapter: str
    success: int = 200
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    response: type[Struct] | None = None
