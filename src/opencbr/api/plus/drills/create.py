"""Asking for a drill."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.plus.drills.body import DrillBody, drill_body
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import Id
from opencbr.model.errors import BACKUP_UNRESTORABLE, BEING_RESTORED, NO_SUCH_BACKUP


class WantedDrill(Struct, kw_only=True):
    """What is to be tried: one of the two is named."""

    backup_id: Annotated[Id | None, Meta(description="a backup of a server")] = None
    resource_id: Annotated[Id | None, Meta(description="a server: its newest finished backup")] = None


class CreateDrillBody(Struct):
    """The request of CreateDrill."""

    drill: Annotated[WantedDrill, Meta(description="the drill that is wanted")]


def create_drill(request: Request[None, CreateDrillBody]) -> DrillBody:
    """Answer CreateDrill: the drill is requested, clients poll it."""
    wanted = request.body.drill
    return drill_body(
        request.services.drills.create(
            request.ctx, backup_id=wanted.backup_id, resource_id=wanted.resource_id
        )
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("CreateDrill", "POST", "/v3/{project_id}/drills", "Drill", 202),
        handler=create_drill,
        right="cbr:drills:create",
        summary="Try whether a backup can be restored",
        description=(
            "Restores a server's backup as a new server into networks of its own, without a way to the outside, looks whether "
            "it comes up with all disks and addresses, runs the checks that the operator has set up, and removes all of it. "
            "What is there stays untouched; the backup is busy meanwhile. The answer comes at once: ask ShowDrill until it has "
            "a `verdict`. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, BACKUP_UNRESTORABLE, BEING_RESTORED, "6202"),
    ),
)
