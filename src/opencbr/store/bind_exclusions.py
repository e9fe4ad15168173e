"""Resources that a person has taken out of a vault: bind rules leave them alone until a person binds them again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete

from opencbr.store import tables
from opencbr.store.statements import insert_new

_t = tables.bind_exclusion


def add(conn: Connection, project_id: str, resource_id: str, *, now: datetime) -> None:
    """Keep bind rules from a resource; one that is kept from them already stays so."""
    insert_new(conn, _t, {"project_id": project_id, "resource_id": resource_id, "created_at": now})


def lift(conn: Connection, project_id: str, resource_ids: Collection[str]) -> None:
    """Let bind rules have these resources again."""
    mine = _t.c.project_id == project_id
    conn.execute(sql_delete(_t).where(mine, _t.c.resource_id.in_(tuple(resource_ids))))


def of_project(conn: Connection, project_id: str) -> set[str]:
    """Read the ids of the project's resources that bind rules leave alone."""
    return {*conn.execute(select(_t.c.resource_id).where(_t.c.project_id == project_id)).scalars()}
