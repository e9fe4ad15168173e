"""Bound resources that stay protected: kept out of automatic backups, or moved to another vault (contract 3.1, 5.1)."""

from collections.abc import Sequence

from sqlalchemy import Connection

from opencbr.model import statuses
from opencbr.model.errors import (
    DESTINATION_REFUSED,
    NOT_ALLOWED,
    RESOURCE_BUSY,
    VAULT_STATUS,
    VAULT_UNCHANGEABLE,
    CbrError,
)
from opencbr.model.vault import MAX_RESOURCES, MB_IN_GB, Resource, Vault
from opencbr.service import new_operations
from opencbr.service.context import Context
from opencbr.service.resources import refuse_repeats
from opencbr.service.vaults import bound_to, find_bound, get_vault, refuse_busy, refuse_removing
from opencbr.store import checkpoints, operation_logs, resources, vault_backups, vaults
from opencbr.store.database import Database

_WORKING = frozenset({statuses.AVAILABLE, statuses.LOCK})
ADD_RIGHT = "cbr:vaults:addResources"
"""What a migration needs in the destination, besides its own right (contract 8)."""


class VaultResources:
    """The use cases; every one touches the context's project alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def suspend(
        self, ctx: Context, vault_id: str, resource_ids: Sequence[str], *, suspended: bool
    ) -> Sequence[str]:
        """Keep resources out of automatic backups, or let them in again; return their ids. All or none; twice is once.

        Raises CbrError 6105, 6104 (named twice), 6112 (vault status), 6135 (not bound here), 6134 (being removed).
        """
        refuse_repeats(resource_ids)

        def work(conn: Connection) -> Sequence[str]:
            vault = get_vault(conn, ctx, vault_id, lock=True)
            _refuse_idle(vault)
            for resource in _named(bound_to(conn, vault), vault, resource_ids):
                refuse_removing(resource)
                resources.update(conn, ctx.project_id, resource.id, auto_protect=not suspended)
            return [*resource_ids]

        return self._database.transact(work)

    def migrate(
        self, ctx: Context, vault_id: str, destination_id: str, resource_ids: Sequence[str]
    ) -> Sequence[str]:
        """Move resources with their backups to another vault of the project, all or none; return their ids.

        Nothing is copied: the backups count in the other vault from now on. Each resource has an operation log, which has
        ended. Raises CbrError 8600 (no right to add to the destination), 6105, 6104 (named twice), 6110 (locked), 6112
        (status of either vault), 6118 (one vault twice), 6102 (another object type), 6135 (not bound here), 6125 (a task
        runs), 6134 (being removed), 6100 (too many), 6129 (no room).
        """
        refuse_repeats(resource_ids)
        if not ctx.can(ADD_RIGHT):
            raise CbrError(
                NOT_ALLOWED,
                f"Your roles do not allow {ADD_RIGHT}: ask the project's admin for a role that does.",
            )

        def work(conn: Connection) -> Sequence[str]:
            source, destination = _both(conn, ctx, vault_id, destination_id)
            moved = _named(bound_to(conn, source), source, resource_ids)
            for resource in moved:
                refuse_busy(resource)
                if operation_logs.unfinished_for(conn, ctx.project_id, resource.id):
                    raise CbrError(
                        RESOURCE_BUSY, f"A task of resource {resource.id} has not ended: wait for it to end."
                    )
            _refuse_full(conn, source, destination, resource_ids)
            for resource in moved:
                resources.update(conn, ctx.project_id, resource.id, vault_id=destination.id)
                new_operations.note_migration(conn, ctx, source, destination, resource)
            vault_backups.move(
                conn,
                ctx.project_id,
                resource_ids,
                source=source.id,
                destination=destination.id,
                updated_at=ctx.now,
            )
            checkpoints.follow_backups(conn, ctx.project_id, source.id)
            return [*resource_ids]

        return self._database.transact(work)


def _both(conn: Connection, ctx: Context, vault_id: str, destination_id: str) -> tuple[Vault, Vault]:
    """Read and lock both vaults.

    In the order of their ids: two migrations in opposite directions would else wait for each other.
    """
    locked = {one: get_vault(conn, ctx, one, lock=True) for one in sorted({vault_id, destination_id})}
    source, destination = locked[vault_id], locked[destination_id]
    if source.id == destination.id:
        raise CbrError(DESTINATION_REFUSED, f"Vault {source.id} is the destination too: name another vault.")
    for vault in (source, destination):
        _refuse_idle(vault)
    if source.locked:
        raise CbrError(
            VAULT_UNCHANGEABLE,
            f"Vault {source.id} is locked: its resources and backups stay until they expire.",
        )
    if source.object_type != destination.object_type:
        raise CbrError(
            "6102",
            f"Vault {destination.id} is for object_type {destination.object_type}, not {source.object_type}: "
            "name one of the same type.",
        )
    return source, destination


def _refuse_idle(vault: Vault) -> None:
    if vault.status not in _WORKING:
        raise CbrError(VAULT_STATUS, f"Vault {vault.id} is {vault.status}: wait until it is available.")


def _named(bound: Sequence[Resource], vault: Vault, resource_ids: Sequence[str]) -> list[Resource]:
    held = {one.id: one for one in bound}
    return [find_bound(held, vault, one) for one in resource_ids]


def _refuse_full(conn: Connection, source: Vault, destination: Vault, resource_ids: Sequence[str]) -> None:
    """Raise CbrError 6100 or 6129 where the destination cannot take these resources with their backups."""
    if len(bound_to(conn, destination)) + len(resource_ids) > MAX_RESOURCES:
        raise CbrError(
            "6100",
            f"Vault {destination.id} would hold more than {MAX_RESOURCES} resources: name another vault.",
        )
    more_mb = vault_backups.used_by(conn, source.project_id, source.id, resource_ids)
    used_mb = vaults.usage(conn, [destination.id])[destination.id].used_mb
    if more_mb and used_mb + more_mb > destination.size_gb * MB_IN_GB:
        raise CbrError(
            "6129",
            f"Vault {destination.id} holds {used_mb} MiB of {destination.size_gb} GiB and has no room for {more_mb} MiB "
            "more: enlarge it, or name another vault.",
        )
