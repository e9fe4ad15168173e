"""Chapter Protectable: the servers and disks of a project and whether they can be bound (contract 3.10)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.vault_bodies import VaultBody, vault_body
from opencbr.api.route import Request, Route
from opencbr.api.schema import Id, Text
from opencbr.model.errors import CATALOGUE
from opencbr.model.lists import Page
from opencbr.model.vault import SERVER
from opencbr.service.instances import Source
from opencbr.service.protectables import Protectable, ProtectableFilter

_MOST = 50


class ListProtectableQuery(Struct, kw_only=True):
    """The filters of ListProtectable; exact, a repeated key means OR. The order is the cloud's."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="more than 50 gives 50")] = _MOST
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    marker: Id | None = None
    name: tuple[Text, ...] = ()
    status: tuple[Text, ...] = ()
    id: tuple[Text, ...] = ()
    server_id: Text | None = None


class ProtectableResult(Struct):
    """Whether the instance can be bound now, else why not; `vault` is the one that has it."""

    result: bool
    code: str
    reason: str
    message: str
    vault: VaultBody | None


class ChildBody(Struct, kw_only=True):
    """A disk of a server."""

    id: str
    name: str
    type: str
    status: str
    size: int
    detail: dict[str, Any]
    children: list[Any]


class InstanceBody(Struct, kw_only=True):
    """A server or disk: `status` and `detail` are the cloud's own (trap T30), `size` is GB."""

    id: str
    name: str
    type: str
    status: str
    size: int
    detail: dict[str, Any]
    children: list[ChildBody]
    protectable: ProtectableResult


class ListProtectableBody(Struct):
    """A page of instances; there is no count (contract 2)."""

    instances: list[InstanceBody]


class ShowProtectableBody(Struct):
    """The envelope of one instance."""

    instance: InstanceBody


def list_protectables(request: Request) -> ListProtectableBody:
    """Answer ListProtectable."""
    query: ListProtectableQuery = request.query
    wanted = ProtectableFilter(
        names=query.name, statuses=query.status, ids=query.id, server_id=query.server_id or None
    )
    page = Page(limit=min(query.limit, _MOST), offset=query.offset, marker=query.marker)
    kind = request.path["protectable_type"]
    found = request.services.protectables.list(request.ctx, kind, wanted, page)
    return ListProtectableBody([instance_body(one) for one in found])


def show_protectable(request: Request) -> ShowProtectableBody:
    """Answer ShowProtectable."""
    found = request.services.protectables.show(
        request.ctx, request.path["protectable_type"], request.path["instance_id"]
    )
    return ShowProtectableBody(instance_body(found))


def instance_body(found: Protectable) -> InstanceBody:
    """Write a server or disk for the wire."""
    source, trouble = found.source, found.trouble
    return InstanceBody(
        id=source.id,
        name=source.name,
        type=source.type,
        status=source.status,
        size=source.size_gb,
        detail=source.detail,
        children=[_child(disk) for disk in source.disks] if source.type == SERVER else [],
        protectable=ProtectableResult(
            result=trouble is None,
            code=f"BackupService.{trouble.code}" if trouble else "",
            reason=CATALOGUE[trouble.code].sentence if trouble else "",
            message=trouble.message if trouble else "",
            vault=vault_body(found.vault) if found.vault else None,
        ),
    )


def _child(disk: Source) -> ChildBody:
    return ChildBody(
        id=disk.id,
        name=disk.name,
        type=disk.type,
        status=disk.status,
        size=disk.size_gb,
        detail=disk.detail,
        children=[],
    )


_INSTANCES = "/v3/{project_id}/protectables/{protectable_type}/instances"

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path=_INSTANCES,
        operation="ListProtectable",
        handler=list_protectables,
        right="cbr:vaults:listProtectables",
        summary="List servers or disks that could be protected",
        chapter="Protectable",
        query=ListProtectableQuery,
        response=ListProtectableBody,
    ),
    Route(
        method="GET",
        path=f"{_INSTANCES}/{{instance_id}}",
        operation="ShowProtectable",
        handler=show_protectable,
        right="cbr:vaults:getProtectables",
        summary="Show one server or disk that could be protected",
        chapter="Protectable",
        response=ShowProtectableBody,
    ),
)
