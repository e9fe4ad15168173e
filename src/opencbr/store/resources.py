"""Resources bound to vaults: at most one vault each (contract 5.1)."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

from opencbr.model import statuses
from opencbr.model.statuses import ProtectStatus
from opencbr.model.vault import Resource, Usage
from opencbr.store import tables
from opencbr.store.errors import AlreadyBound
from opencbr.store.statements import insert_new, touched, values_of

AT_REST: AbstractSet[ProtectStatus] = frozenset({statuses.AVAILABLE, statuses.ERROR})
"""The protect statuses from which something may begin: nothing is done to the resource."""

_t = tables.resource


def bind(conn: Connection, resource: Resource) -> None:
    """Bind a resource to its vault. Raises AlreadyBound with the vault that has it, be it this one."""
    if not insert_new(conn, _t, values_of(resource)):
        holder = get(conn, resource.project_id, resource.id)
        raise AlreadyBound(resource.id, resource.vault_id if holder is None else holder.vault_id)


def get(conn: Connection, project_id: str, resource_id: str) -> Resource | None:
    """Read one bound resource of the project."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == resource_id)
    row = conn.execute(query).mappings().first()
    return None if row is None else _resource(row)


def ids(conn: Connection, project_id: str) -> set[str]:
    """Read the ids of all resources of the project that are bound."""
    return {*conn.execute(select(_t.c.id).where(_t.c.project_id == project_id)).scalars()}


def of_vaults(conn: Connection, project_id: str, vault_ids: Collection[str]) -> dict[str, list[Resource]]:
    """Read the resources of each vault, in the order they were bound; every given id has an entry."""
    found: dict[str, list[Resource]] = {vault_id: [] for vault_id in vault_ids}
    query = select(_t).where(_t.c.project_id == project_id, _t.c.vault_id.in_(tuple(found)))
    for row in conn.execute(query.order_by(_t.c.created_at, _t.c.id)).mappings():
        found[row["vault_id"]].append(_resource(row))
    return found


def update(conn: Connection, project_id: str, resource_id: str, **changes: Any) -> bool:
    """Change fields of a binding; say whether it exists."""
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == resource_id)
    return touched(conn.execute(query.values(**changes)))


def unbind(conn: Connection, project_id: str, resource_id: str, vault_id: str) -> bool:
    """Remove the binding to this vault; say whether it existed. One to another vault stays."""
    query = sql_delete(_t).where(
        _t.c.project_id == project_id, _t.c.id == resource_id, _t.c.vault_id == vault_id
    )
    return touched(conn.execute(query))


def set_status(
    conn: Connection,
    project_id: str,
    resource_id: str,
    status: ProtectStatus,
    only_from: AbstractSet[ProtectStatus] | None = None,
) -> bool:
    """Set the protect status if it is one of `only_from` now (any, when None); say whether it was set.

    Of two that try at once, one gets True: this is how a second backup of a busy resource is refused.
    """
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == resource_id)
    if only_from is not None:
        query = query.where(_t.c.protect_status.in_(tuple(only_from)))
    return touched(conn.execute(query.values(protect_status=status)))


def usage(conn: Connection, project_id: str, resource_ids: Collection[str]) -> dict[str, Usage]:
    """Sum up the backups of each resource; every given id has an entry. `allocated_gb` stays 0.

    A server's space is its backups' disks and images. Held backups take space and are not counted.
    """
    wanted = tuple(resource_ids)
    if not wanted:
        return {}
    kept, child = tables.backup, tables.backup.alias("child")
    top = (kept.c.project_id == project_id, kept.c.resource_id.in_(wanted), kept.c.parent_id.is_(None))
    counts: dict[str, int] = {}
    used: dict[str, int] = {}
    counted = func.count().filter(kept.c.held_at.is_(None))
    own = func.coalesce(func.sum(kept.c.stored_mb), 0)
    for one, number, megabytes in conn.execute(
        select(kept.c.resource_id, counted, own).where(*top).group_by(kept.c.resource_id)
    ):
        counts[one], used[one] = number, int(megabytes)
    disks = select(kept.c.resource_id, func.sum(child.c.stored_mb)).join(
        child, child.c.parent_id == kept.c.id
    )
    for one, megabytes in conn.execute(disks.where(*top).group_by(kept.c.resource_id)):
        used[one] += int(megabytes)
    return {one: Usage(used_mb=used.get(one, 0), backup_count=counts.get(one, 0)) for one in wanted}


def _resource(row: RowMapping) -> Resource:
    values = dict(row)
    values["exclude_volumes"] = tuple(values["exclude_volumes"])
    values["include_volumes"] = tuple(values["include_volumes"])
    return Resource(**values)
