"""ShowProtectable (contract 3.10)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.protectables.body import InstanceBody, instance_body
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.model.errors import NO_SUCH_DISK, NO_SUCH_SERVER, UNSUPPORTED_TYPE


class ShowProtectableBody(Struct):
    """The envelope of one instance."""

    instance: Annotated[InstanceBody, Meta(description="the server or disk")]


def show_protectable(request: Request[None, None]) -> ShowProtectableBody:
    """Answer ShowProtectable."""
    found = request.services.protectables.show(
        request.ctx, request.path["protectable_type"], request.path["instance_id"]
    )
    return ShowProtectableBody(instance_body(found))


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowProtectable"],
        handler=show_protectable,
        right="cbr:vaults:getProtectables",
        summary="Show one server or disk that could be protected",
        description=(
            "Shows one server with its disks, or one disk, as the cloud has it now, and whether it can be bound "
            "to a vault. Where it cannot, `protectable` says why and which vault has it."
        ),
        errors=(UNSUPPORTED_TYPE, NO_SUCH_SERVER, NO_SUCH_DISK),
        upstream=True,
    ),
)
