"""What a handler is given."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from opencbr.model.caller import Caller
from opencbr.service.context import Context
from opencbr.service.services import Services

Query = TypeVar("Query", bound=Struct | None)
Body = TypeVar("Body", bound=Struct | None)


class Request(Struct, Generic[Query, Body], frozen=True):
    """A request that has been routed, signed in, permitted and validated.

    `path` holds the path parameters without `project_id` (that is `ctx.project_id`); they are non-empty text
    and nothing more: a handler answers 404 for an id it cannot find. `query` and `body` are of the types that the
    handler names, None where it names None. `caller` is who has signed in, for what is asked about the credential itself.
    """

    ctx: Context
    path: Mapping[str, str]
    query: Query
    body: Body
    services: Services
    caller: Caller
