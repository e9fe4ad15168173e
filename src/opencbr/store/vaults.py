"""Vaults: rows, lists and what they hold.

A vault that was deleted for the user and is kept for the held backups in it (`held_at`) is invisible.
"""

import builtins
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, func, literal, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model import statuses
from opencbr.model.lists import Listing, Page, VaultFilter
from opencbr.model.vault import Usage, Vault
from opencbr.store import checkpoints, tables, vault_policies, vault_tags
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, contains, touched, values_of

_t = tables.vault
_KEYS = sort_keys(_t, "created_at", "updated_at", "name", "status")


def insert(conn: Connection, vault: Vault) -> None:
    """Add a vault with its tags."""
    values = values_of(vault)
    del values["tags"]
    conn.execute(sql_insert(_t).values(**values))
    vault_tags.insert(conn, vault)


def get(conn: Connection, project_id: str, vault_id: str, *, lock: bool = False) -> Vault | None:
    """Read one vault of the project; with `lock` nobody else changes it until this transaction ends."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == vault_id, _t.c.held_at.is_(None))
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else _vaults(conn, [row])[0]


def with_bind_rules(conn: Connection) -> builtins.list[Vault]:
    """Read the vaults of all projects that bind resources by themselves and take any now, the oldest first."""
    query = select(_t).where(_t.c.auto_bind, _t.c.held_at.is_(None), _t.c.status == statuses.AVAILABLE)
    return _vaults(conn, [*conn.execute(query.order_by(_t.c.created_at, _t.c.id)).mappings()])


def is_deleting(conn: Connection, project_id: str, vault_id: str) -> bool:
    """Say whether the vault's end was ordered."""
    query = select(_t.c.id).where(
        _t.c.project_id == project_id, _t.c.id == vault_id, _t.c.status == statuses.DELETING
    )
    return conn.execute(query).first() is not None


def update(conn: Connection, project_id: str, vault_id: str, **changes: Any) -> bool:
    """Change fields of a vault, other than its tags, `updated_at` among them; say whether it exists."""
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == vault_id)
    return touched(conn.execute(query.values(**changes)))


def update_all(conn: Connection, project_id: str, **changes: Any) -> builtins.list[str]:
    """Change fields of all vaults of the project but those in deletion, `updated_at` among them; return their ids."""
    mine = (
        _t.c.project_id == project_id,
        _t.c.held_at.is_(None),
        _t.c.status != literal(statuses.DELETING, literal_execute=True),
    )
    # Locked in one order: two that change all at once would else wait for each other.
    ids = [*conn.execute(select(_t.c.id).where(*mine).order_by(_t.c.id).with_for_update()).scalars()]
    conn.execute(sql_update(_t).where(*mine).values(**changes))
    return ids


def delete(conn: Connection, project_id: str, vault_id: str) -> bool:
    """Remove a vault that holds nothing any more; say whether it existed.

    The database refuses it (IntegrityError) while resources, checkpoints or backups are left.
    """
    return touched(conn.execute(sql_delete(_t).where(_t.c.project_id == project_id, _t.c.id == vault_id)))


def dismiss(conn: Connection, project_id: str, vault_id: str, *, now: datetime) -> bool:
    """Remove a vault with its policy for its user; held backups in it keep its row until the last of them goes.

    Say whether it existed. The caller has seen that nothing else is in it.
    """
    if get(conn, project_id, vault_id, lock=True) is None:
        return False
    # Those of which some backups have migrated to another vault and the last one here is gone.
    checkpoints.follow_backups(conn, project_id, vault_id)
    held = select(tables.backup.c.id).where(
        tables.backup.c.project_id == project_id,
        tables.backup.c.vault_id == vault_id,
        tables.backup.c.held_at.is_not(None),
    )
    if conn.execute(held.limit(1)).first() is None:
        return delete(conn, project_id, vault_id)
    vault_policies.unbind(conn, project_id, vault_id)
    return update(conn, project_id, vault_id, held_at=now, updated_at=now)


def lock(conn: Connection, project_id: str, vault_id: str) -> None:
    """Keep others from removing anything of this vault, held or not, until the transaction ends.

    Two that remove its last two backups at once would each see the other's, and leave what goes with the last.
    """
    query = select(_t.c.id).where(_t.c.project_id == project_id, _t.c.id == vault_id)
    conn.execute(query.with_for_update())


def let_go(conn: Connection, project_id: str, vault_id: str) -> bool:
    """Remove the row of a held vault when its last backup has gone; say whether it was removed."""
    used = exists().where(tables.backup.c.project_id == project_id, tables.backup.c.vault_id == vault_id)
    query = sql_delete(_t).where(
        _t.c.project_id == project_id, _t.c.id == vault_id, _t.c.held_at.is_not(None), ~used
    )
    return touched(conn.execute(query))


def list(  # noqa: A001 - read as vaults.list(…)
    conn: Connection, project_id: str, wanted: VaultFilter, page: Page
) -> Listing[Vault]:
    """Read a page of the project's vaults. Raises UnknownMarker, UnknownSortKey."""
    conditions = [
        _t.c.held_at.is_(None),
        among(_t.c.id, wanted.ids),
        among(_t.c.name, wanted.names),
        among(_t.c.status, wanted.statuses),
        among(_t.c.object_type, wanted.object_types),
        among(_t.c.protect_type, wanted.protect_types),
        among(_t.c.cloud_type, wanted.cloud_types),
        contains(_t.c.name, wanted.name_part),
        *vault_tags.conditions(project_id, wanted.tags),
    ]
    if wanted.resource_ids:
        bound = tables.resource
        holders = select(bound.c.vault_id).where(
            bound.c.project_id == project_id, among(bound.c.id, wanted.resource_ids)
        )
        conditions.append(_t.c.id.in_(holders))
    if wanted.policy_ids:
        having = tables.vault_policy
        governed = select(having.c.vault_id).where(
            having.c.project_id == project_id, among(having.c.policy_id, wanted.policy_ids)
        )
        conditions.append(_t.c.id.in_(governed))
    rows = read_page(conn, _t, _KEYS, visible=_t.c.project_id == project_id, conditions=conditions, page=page)
    return Listing(_vaults(conn, rows.items), rows.count)


def usage(conn: Connection, vault_ids: Collection[str]) -> dict[str, Usage]:
    """Sum up what each vault holds; every given id has an entry.

    The ids come from rows that were read with their project. Held backups take space and are not counted.
    """
    bound, kept = tables.resource, tables.backup
    wanted = tuple(vault_ids)
    if not wanted:
        return {}
    allocated = select(bound.c.vault_id, func.sum(bound.c.size_gb)).where(bound.c.vault_id.in_(wanted))
    mine = kept.c.vault_id.in_(wanted)
    used = select(kept.c.vault_id, func.sum(kept.c.stored_mb)).where(mine)
    counted = select(kept.c.vault_id, func.count()).where(
        mine, kept.c.parent_id.is_(None), kept.c.held_at.is_(None)
    )
    gigabytes = _pairs(conn, allocated.group_by(bound.c.vault_id))
    megabytes = _pairs(conn, used.group_by(kept.c.vault_id))
    counts = _pairs(conn, counted.group_by(kept.c.vault_id))
    return {
        one: Usage(
            allocated_gb=gigabytes.get(one, 0), used_mb=megabytes.get(one, 0), backup_count=counts.get(one, 0)
        )
        for one in wanted
    }


def summary(conn: Connection, project_id: str) -> tuple[int, int]:
    """Sum up the project: the size of all vaults in GiB, and what their backups use in MiB, held ones too."""
    kept = tables.backup
    size = select(func.coalesce(func.sum(_t.c.size_gb), 0)).where(
        _t.c.project_id == project_id, _t.c.held_at.is_(None)
    )
    used = select(func.coalesce(func.sum(kept.c.stored_mb), 0)).where(kept.c.project_id == project_id)
    return int(conn.execute(size).scalar_one()), int(conn.execute(used).scalar_one())


def _pairs(conn: Connection, query: Any) -> dict[str, int]:
    return {vault_id: int(number) for vault_id, number in conn.execute(query)}


def _vaults(conn: Connection, rows: Sequence[RowMapping]) -> builtins.list[Vault]:
    tags = vault_tags.of_vaults(conn, [row["id"] for row in rows])
    return [Vault(**row, tags=tags[row["id"]]) for row in rows]
