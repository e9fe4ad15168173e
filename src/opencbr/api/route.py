"""One row of the route table: what the interface fixes about an operation, and what answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import Struct

from opencbr.api.handler_types import HandlerTypes, types_of
from opencbr.api.request import Request


@dataclass(frozen=True, slots=True)
class Operation:
    """What clients know an operation by, offered or not.

    `path` may have parameters, written `{name}`. `chapter` groups operations. `success` is the one status of a good
    answer.
    """

    name: str
    method: str
    path: str
    chapter: str
    success: int = 200

    @property
    def in_project(self) -> bool:
        """Whether the path names the project, which must then be the credential's."""
        return self.path.startswith("/v3/{project_id}/")


Handler = Callable[[Request[Any, Any]], Struct | bytes | None]
"""Answers a request with a struct, with finished bytes, or with None where the answer has no body.

Its signature is where the types of an operation stand: see `handler_types`.
"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """An operation that is offered, and what the OpenAPI document says of it.

    `right` is a rule of `api/rights.py`. `description` says in a few sentences what it is for. `errors` are the codes of the
    catalogue that it may answer beside those that every operation may, `conflicts` those that it answers with 409. `upstream`
    says that its answer asks the cloud.
    """

    operation: Operation
    handler: Handler
    right: str
    summary: str
    description: str
    errors: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    upstream: bool = False

    @cached_property
    def types(self) -> HandlerTypes:
        """What the handler takes and gives; raises TypeError where its signature does not say."""
        return types_of(self.handler)
