"""Checkpoints: what was asked in one request.

Their status is not stored, it follows from the backups (contract 4.2).
"""

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, exists, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model.checkpoint import Checkpoint, Skipped
from opencbr.store import tables
from opencbr.store.statements import belongs, checked, touched, values_of

_t = tables.checkpoint


def insert(conn: Connection, checkpoint: Checkpoint) -> None:
    """Add a checkpoint; its vault exists."""
    values = values_of(checkpoint)
    values["skipped"] = [asdict(one) for one in checkpoint.skipped]
    conn.execute(sql_insert(_t).values(**values))


def get(conn: Connection, project_id: str, checkpoint_id: str) -> Checkpoint | None:
    """Read one checkpoint of the project."""
    return of_ids(conn, project_id, (checkpoint_id,)).get(checkpoint_id)


def of_ids(conn: Connection, project_id: str, checkpoint_ids: Collection[str]) -> dict[str, Checkpoint]:
    """Read the checkpoints with these ids; those that are not there, or not the project's, are left out."""
    query = select(_t).where(_t.c.id.in_(tuple(checkpoint_ids)), belongs(_t, project_id))
    return {row["id"]: _checkpoint(row) for row in conn.execute(query).mappings()}


def delete_if_empty(conn: Connection, project_id: str, checkpoint_id: str) -> bool:
    """Remove a checkpoint that has no backup left, held ones counted; say whether it was removed."""
    mine = (_t.c.project_id == project_id, _t.c.id == checkpoint_id)
    # Of two that remove its last backups at once, the second waits here and then sees what the first has done:
    # PostgreSQL would show each of them the other's backup, and neither would remove the checkpoint.
    conn.execute(select(_t.c.id).where(*mine).with_for_update())
    used = exists().where(tables.backup.c.checkpoint_id == _t.c.id)
    return touched(conn.execute(sql_delete(_t).where(*mine, ~used)))


def follow_backups(conn: Connection, project_id: str, vault_id: str) -> None:
    """Move the checkpoints of this vault that have backups in other vaults alone to one of those."""
    kept = tables.backup
    here = kept.alias("here")
    stays = exists().where(
        here.c.checkpoint_id == _t.c.id, checked(here.c.vault_id) == vault_id, here.c.held_at.is_(None)
    )
    elsewhere = kept.c.checkpoint_id == _t.c.id, kept.c.held_at.is_(None)
    where = select(func.min(kept.c.vault_id)).where(*elsewhere).scalar_subquery()
    query = sql_update(_t).where(
        _t.c.project_id == project_id, _t.c.vault_id == vault_id, ~stays, exists().where(*elsewhere)
    )
    conn.execute(query.values(vault_id=where))


def _checkpoint(row: RowMapping) -> Checkpoint:
    values = dict(row)
    values["resources"] = tuple(values["resources"])
    values["skipped"] = tuple(Skipped(**one) for one in values["skipped"])
    return Checkpoint(**values)
