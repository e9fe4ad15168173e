"""ListProtectable: the servers or disks of a project and whether they can be bound (contract 3.10)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.protectables.body import InstanceBody, instance_body
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Id, Text
from opencbr.model.errors import UNSUPPORTED_TYPE
from opencbr.model.lists import Page
from opencbr.service.protectables import ProtectableFilter

_MOST = 50


class ListProtectableQuery(Struct, kw_only=True):
    """The filters of ListProtectable; exact, a repeated key means OR. The order is the cloud's."""

    limit: Annotated[
        int, Meta(ge=1, le=1000, description="instances of a page at most; more than 50 gives 50")
    ] = _MOST
    offset: Annotated[
        int,
        Meta(
            ge=0,
            le=2**31 - 1,
            description="instances to leave out, counted from `marker` or from the beginning",
        ),
    ] = 0
    marker: Annotated[
        Id | None, Meta(description="the id of the last instance that was read: the page begins behind it")
    ] = None
    name: Annotated[
        tuple[Text, ...], Meta(description="instances of exactly this name; repeated: of any")
    ] = ()
    status: Annotated[
        tuple[Text, ...], Meta(description="the cloud's own word, in any case of letters; repeated: any")
    ] = ()
    id: Annotated[tuple[Text, ...], Meta(description="the instance of this id; repeated: any")] = ()
    server_id: Annotated[Text | None, Meta(description="of disks: those attached to this server")] = None


class ListProtectableBody(Struct):
    """A page of instances; there is no count (contract 2)."""

    instances: Annotated[list[InstanceBody], Meta(description="the servers or disks of this page")]


def list_protectables(request: Request[ListProtectableQuery, None]) -> ListProtectableBody:
    """Answer ListProtectable."""
    query = request.query
    wanted = ProtectableFilter(
        names=query.name, statuses=query.status, ids=query.id, server_id=query.server_id or None
    )
    page = Page(limit=min(query.limit, _MOST), offset=query.offset, marker=query.marker)
    kind = request.path["protectable_type"]
    found = request.services.protectables.list(request.ctx, kind, wanted, page)
    return ListProtectableBody([instance_body(one) for one in found])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ListProtectable"],
        handler=list_protectables,
        right="cbr:vaults:listProtectables",
        summary="List servers or disks that could be protected",
        description=(
            "Lists the servers or disks of the project as the cloud has them now, and says of each whether it "
            "can be bound to a vault, or what is in the way. This is where the ids for CreateVault and "
            "AddVaultResource come from."
        ),
        errors=(UNSUPPORTED_TYPE,),
        upstream=True,
    ),
)
