"""ShowMetadata (contract 6). Its members are JSON texts in strings (trap T1)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.handler_types import Content
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.model.errors import NO_SUCH_BACKUP


class ShowMetadataBody(Struct):
    """The eight members; a disk's backup has null and [] where only a server has something (contract 6.8)."""

    backup_id: Annotated[str, Meta(description="the id that was asked for")]
    backups: Annotated[
        str, Meta(description="a JSON text: the backup's own record of the moment when it ended, one object")
    ]
    server: Annotated[
        str | None,
        Meta(
            description="a JSON text: Nova's answer for the server, with `server`; null for a disk's backup"
        ),
    ]
    volumes: Annotated[
        list[str],
        Meta(description="a JSON text for each disk: Cinder's answer, with `volume`; the boot disk first"),
    ]
    interface: Annotated[
        str | None,
        Meta(
            description="a JSON text: Nova's list of interfaces, with `interfaceAttachments`; null for a disk's backup"
        ),
    ]
    flavor: Annotated[
        str | None,
        Meta(
            description="a JSON text: Nova's answer for the flavor, with `flavor`; null for a disk's backup"
        ),
    ]
    ports: Annotated[list[str], Meta(description="a JSON text for each port: Neutron's answer, with `port`")]
    floatingips: Annotated[
        list[str],
        Meta(
            description="a JSON text for each port: Neutron's list of its floating IPs, with `floatingips`, null for none"
        ),
    ]


def show_metadata(request: Request[None, None]) -> Annotated[bytes, Content(ShowMetadataBody)]:
    """Answer ShowMetadata with the stored text, in the view that the caller's rights give."""
    return request.services.metadata.show(request.ctx, request.path["backup_id"])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowMetadata"],
        handler=show_metadata,
        right="cbr:backups:getMetadata",
        summary="Show what exactly was backed up",
        description=(
            "Shows exactly what was backed up: server, flavor, interfaces, ports, floating IPs and volumes as "
            "the cloud described them at that moment, also when the server was changed or is gone since. Each "
            "member is a text that is a JSON document of its own and has to be decoded once more. Secrets and "
            "names of the infrastructure are masked for whoever lacks `cbr:backups:getMetadataSecrets` and "
            "`cbr:backups:getMetadataInfrastructure`."
        ),
        errors=(NO_SUCH_BACKUP, "6206"),
    ),
)
