"""ShowMetadata (contract 6). Its members are JSON texts in strings (trap T1)."""

from typing import Annotated

from msgspec import Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.handler_types import Content
from opencbr.api.request import Request
from opencbr.api.route import Route


class ShowMetadataBody(Struct):
    """The eight members; a disk's backup has null and [] where only a server has something (contract 6.8)."""

    backup_id: str
    backups: str
    server: str | None
    volumes: list[str]
    interface: str | None
    flavor: str | None
    ports: list[str]
    floatingips: list[str]


def show_metadata(request: Request[None, None]) -> Annotated[bytes, Content(ShowMetadataBody)]:
    """Answer ShowMetadata with the stored text, in the view that the caller's rights give."""
    return request.services.metadata.show(request.ctx, request.path["backup_id"])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowMetadata"],
        handler=show_metadata,
        right="cbr:backups:getMetadata",
        summary="Show what exactly was backed up",
    ),
)
