"""ShowProtectable (contract 3.10)."""

from msgspec import Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.protectables.body import InstanceBody, instance_body
from opencbr.api.request import Request
from opencbr.api.route import Route


class ShowProtectableBody(Struct):
    """The envelope of one instance."""

    instance: InstanceBody


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
        upstream=True,
    ),
)
