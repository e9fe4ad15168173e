"""Who asks, for which project, when, and what they may do: handed to every use case."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from opencbr.model.caller import Caller


class Context(Struct, frozen=True):
    """One request as the use cases see it.

    `project_id` is the credential's project, already compared with the path's. `now` is read once from the
    clock, so that everything a request writes bears one time. `can` answers whether the caller has a right,
    by its name (`cbr:backups:getMetadataSecrets`).
    """

    caller: Caller
    project_id: str
    request_id: str
    now: datetime
    can: Callable[[str], bool]
