"""A server or disk that could be protected, as clients see it (contract 3.10)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from opencbr.api.cbr.vaults.body import VaultBody, vault_body
from opencbr.model.errors import CATALOGUE, wire_code
from opencbr.model.vault import SERVER
from opencbr.service.instances import Source
from opencbr.service.protectables import Protectable


class ProtectableResult(Struct):
    """Whether the instance can be bound now, else why not; `vault` is the one that has it."""

    result: Annotated[bool, Meta(description="whether it can be bound to a vault now")]
    code: Annotated[str, Meta(description="why not, as a whole code of the catalogue; empty when it can")]
    reason: Annotated[str, Meta(description="the catalogue's sentence for the code")]
    message: Annotated[str, Meta(description="what exactly is in the way")]
    vault: Annotated[VaultBody | None, Meta(description="the vault that has it; null for none")]


class ChildBody(Struct, kw_only=True):
    """A disk of a server."""

    id: Annotated[str, Meta(description="id of the disk")]
    name: Annotated[str, Meta(description="its name, or its id where it has none")]
    type: Annotated[str, Meta(description="`OS::Cinder::Volume`")]
    status: Annotated[str, Meta(description="Cinder's word")]
    size: Annotated[int, Meta(description="GiB")]
    detail: Annotated[dict[str, Any], Meta(description="Cinder's whole document, as its owner sees it")]
    children: Annotated[list[Any], Meta(description="always empty")]


class InstanceBody(Struct, kw_only=True):
    """A server or disk: `status` and `detail` are the cloud's own (trap T30), `size` is GiB."""

    id: Annotated[str, Meta(description="id of the server or disk")]
    name: Annotated[str, Meta(description="its name; a disk without one is called by its id")]
    type: Annotated[str, Meta(description="`OS::Nova::Server` or `OS::Cinder::Volume`")]
    status: Annotated[str, Meta(description="the cloud's own word, as `ACTIVE` or `in-use`")]
    size: Annotated[int, Meta(description="GiB; of a server the sum of its disks")]
    detail: Annotated[
        dict[str, Any], Meta(description="Nova's or Cinder's whole document, as its owner sees it")
    ]
    children: Annotated[list[ChildBody], Meta(description="the disks of a server, the boot disk first")]
    protectable: Annotated[
        ProtectableResult, Meta(description="whether it can be bound to a vault, and what holds it")
    ]


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
            code=wire_code(trouble.code) if trouble else "",
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
