"""A server or disk that could be protected, as clients see it (contract 3.10)."""

from typing import Any

from msgspec import Struct

from opencbr.api.cbr.vaults.body import VaultBody, vault_body
from opencbr.model.errors import CATALOGUE, wire_code
from opencbr.model.vault import SERVER
from opencbr.service.instances import Source
from opencbr.service.protectables import Protectable


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
