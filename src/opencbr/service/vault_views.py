"""What a client is shown of a vault: the stored rows with the sums that belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.model.vault import Resource, Usage, Vault
from opencbr.store import resources, vaults


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """A bound resource and what its backups hold."""

    resource: Resource
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultView:
    """A vault, what it holds and what is bound to it, oldest binding first."""

    vault: Vault
    usage: Usage
    resources: tuple[ResourceView, ...]


def views(conn: Connection, project_id: str, found: Sequence[Vault]) -> list[VaultView]:
    """Complete the vaults with their resources and sums: three queries, however many vaults."""
    ids = [v.id for v in found]
    used = vaults.usage(conn, ids)
    bound = resources.of_vaults(conn, project_id, ids)
    each = resources.usage(conn, project_id, [r.id for rows in bound.values() for r in rows])
    return [
        VaultView(
            vault=v,
            usage=used.get(v.id, Usage()),
            resources=tuple(
                ResourceView(resource=r, usage=each.get(r.id, Usage())) for r in bound.get(v.id, [])
            ),
        )
        for v in found
    ]
