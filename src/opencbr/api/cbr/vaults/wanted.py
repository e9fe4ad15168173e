"""How a request names a server or disk, and which volumes of a server (contract 3.1)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.schema import Id, Text
from opencbr.service.resources import Wanted


class IncludedVolume(Struct):
    """A volume of `include_volumes`; `os_version` is accepted and not used."""

    id: Id
    os_version: Text | None = None


class WantedExtraInfo(Struct):
    """Which volumes of a server. Some clients write `include_volumes` as plain ids."""

    exclude_volumes: Annotated[list[Id], Meta(max_length=256)] | None = None
    include_volumes: Annotated[list[IncludedVolume | Id], Meta(max_length=256)] | None = None


class WantedResource(Struct):
    """A server or disk that a request names."""

    id: Id
    type: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Text | None = None
    extra_info: WantedExtraInfo | None = None

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
