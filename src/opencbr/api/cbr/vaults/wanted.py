"""How a request names a server or disk, and which volumes of a server (contract 3.1)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.schema import Id, Text
from opencbr.model.errors import (
    BOUND_ELSEWHERE,
    DISK_STATUS,
    DISK_UNUSABLE,
    NO_DISK_TO_BACK_UP,
    NO_SUCH_DISK,
    NO_SUCH_SERVER,
    NOT_ATTACHED,
    SERVER_STATUS,
    SERVER_UNUSABLE,
    TWO_VAULTS,
)
from opencbr.model.vault import SERVER, VOLUME
from opencbr.service.resources import Wanted

BINDING_ERRORS = (
    "6102",
    BOUND_ELSEWHERE,
    "6104",
    TWO_VAULTS,
    NO_SUCH_DISK,
    DISK_STATUS,
    DISK_UNUSABLE,
    NO_SUCH_SERVER,
    SERVER_STATUS,
    SERVER_UNUSABLE,
    NO_DISK_TO_BACK_UP,
    NOT_ATTACHED,
)
"""The codes of whatever binds resources to a vault."""


class IncludedVolume(Struct):
    """A volume of `include_volumes`; `os_version` is accepted and not used."""

    id: Annotated[Id, Meta(description="id of a volume of the server")]
    os_version: Annotated[Text | None, Meta(description="accepted and not used")] = None


class WantedExtraInfo(Struct):
    """Which volumes of a server. Some clients write `include_volumes` as plain ids."""

    exclude_volumes: Annotated[
        Annotated[list[Id], Meta(max_length=256)] | None,
        Meta(description="ids of the server's volumes that are left out"),
    ] = None
    include_volumes: Annotated[
        Annotated[list[IncludedVolume | Id], Meta(max_length=256)] | None,
        Meta(description="the only volumes that are taken: objects with an `id`, or plain ids"),
    ] = None


class WantedResource(Struct):
    """A server or disk that a request names."""

    id: Annotated[Id, Meta(description="id of a server or disk of the project")]
    type: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="`OS::Nova::Server` or `OS::Cinder::Volume`",
            # Another one is refused with a code of its own (contract 7), not as bad form.
            extra_json_schema={"enum": [SERVER, VOLUME]},
        ),
    ]
    name: Annotated[Text | None, Meta(description="what to call it; by default its name in the cloud")] = None
    extra_info: Annotated[
        WantedExtraInfo | None, Meta(description="which volumes of a server; left out: all")
    ] = None

    def wanted(self) -> Wanted:
        """Return it in the words of the use cases."""
        more = self.extra_info or WantedExtraInfo()
        included = more.include_volumes or []
        return Wanted(
            id=self.id,
            type=self.type,
            name=self.name or None,
            exclude_volumes=tuple(dict.fromkeys(more.exclude_volumes or ())),
            include_volumes=tuple(dict.fromkeys(v if isinstance(v, str) else v.id for v in included)),
        )
