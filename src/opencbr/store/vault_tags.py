"""The tags of vaults, a row each, and vaults by their tags (contract 3.9, 5.9)."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, not_, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert

from opencbr.model.lists import TagFilter, Tags
from opencbr.model.vault import Vault
from opencbr.store import tables
from opencbr.store.statements import among

_t = tables.vault_tag
_vault_id = tables.vault.c.id


def insert(conn: Connection, vault: Vault) -> None:
    """Add the tags of a vault that has none yet; they go with the vault."""
    rows = [
        {
            "vault_id": vault.id,
            "project_id": vault.project_id,
            "key": key,
            "value": value,
            "position": position,
        }
        for position, (key, value) in enumerate(vault.tags)
    ]
    if rows:
        conn.execute(sql_insert(_t), rows)


def replace(conn: Connection, vault: Vault) -> None:
    """Give a vault, which the caller has locked, the tags that it has here in place of all that it had."""
    conn.execute(sql_delete(_t).where(_t.c.project_id == vault.project_id, _t.c.vault_id == vault.id))
    insert(conn, vault)


def of_project(conn: Connection, project_id: str) -> dict[str, list[str]]:
    """Read the keys that the project's vaults bear, each with its different values, both in order.

    What vaults bear that are kept for held backups alone, does not count.
    """
    gone = select(_vault_id).where(
        tables.vault.c.project_id == project_id, tables.vault.c.held_at.is_not(None)
    )
    query = select(_t.c.key, _t.c.value).where(_t.c.project_id == project_id, _t.c.vault_id.not_in(gone))
    found: dict[str, list[str]] = {}
    for key, value in conn.execute(query.distinct().order_by(_t.c.key, _t.c.value)):
        found.setdefault(key, []).append(value)
    return found


def of_vaults(conn: Connection, vault_ids: Collection[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Read the tags of each vault in the order they were given; every given id has an entry.

    The ids come from rows that were read with their project.
    """
    found: dict[str, tuple[tuple[str, str], ...]] = dict.fromkeys(vault_ids, ())
    query = select(_t.c.vault_id, _t.c.key, _t.c.value).where(_t.c.vault_id.in_(tuple(found)))
    for vault_id, key, value in conn.execute(query.order_by(_t.c.vault_id, _t.c.position)):
        found[vault_id] += ((key, value),)
    return found


def conditions(project_id: str, wanted: TagFilter) -> list[ColumnElement[bool]]:
    """Give the conditions on a vault of the project that has the tags wanted."""
    if wanted.untagged:
        return [_vault_id.not_in(select(_t.c.vault_id).where(_t.c.project_id == project_id))]
    found = []
    if wanted.every:
        found.append(and_(*_each(project_id, wanted.every)))
    if wanted.any:
        found.append(or_(*_each(project_id, wanted.any)))
    if wanted.not_every:
        found.append(not_(and_(*_each(project_id, wanted.not_every))))
    if wanted.not_any:
        found.append(not_(or_(*_each(project_id, wanted.not_any))))
    return found


def _each(project_id: str, tags: Tags) -> list[ColumnElement[bool]]:
    return [
        _vault_id.in_(
            select(_t.c.vault_id).where(
                _t.c.project_id == project_id, among(_t.c.key, (key,)), among(_t.c.value, values)
            )
        )
        for key, values in tags
    ]
