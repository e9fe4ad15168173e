"""Policies: rows and lists."""

import builtins
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model.lists import Listing, Page, PolicyFilter
from opencbr.model.policy import Policy
from opencbr.store import tables
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, touched, values_of

_t = tables.policy
_KEYS = sort_keys(_t, "created_at", "updated_at", "name")


def insert(conn: Connection, policy: Policy) -> None:
    """Add a policy."""
    conn.execute(sql_insert(_t).values(**_written(values_of(policy))))


def get(conn: Connection, project_id: str, policy_id: str, *, lock: bool = False) -> Policy | None:
    """Read one policy of the project; with `lock` nobody else changes or removes it until this transaction ends."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == policy_id)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else _policy(row)


def list(  # noqa: A001 - read as policies.list(…)
    conn: Connection, project_id: str, wanted: PolicyFilter, page: Page
) -> Listing[Policy]:
    """Read a page of the project's policies. Raises UnknownMarker, UnknownSortKey."""
    conditions: builtins.list[ColumnElement[bool]] = [among(_t.c.operation_type, wanted.operation_types)]
    if wanted.vault_ids:
        bound = tables.vault_policy
        having = select(bound.c.policy_id).where(
            bound.c.project_id == project_id, among(bound.c.vault_id, wanted.vault_ids)
        )
        conditions.append(_t.c.id.in_(having))
    visible = _t.c.project_id == project_id
    rows = read_page(conn, _t, _KEYS, visible=visible, conditions=conditions, page=page)
    return Listing([_policy(row) for row in rows.items], rows.count)


def count_alone(conn: Connection, project_id: str, operation_type: str) -> int:
    """Count the project's policies of a type; nobody else counts them so before this transaction ends.

    Two that are made at once would each count without the other. Where there is no policy yet nothing is kept back, and
    it needs no more: then the quota is far.
    """
    mine = _t.c.project_id == project_id, _t.c.operation_type == operation_type
    conn.execute(select(_t.c.id).where(*mine).order_by(_t.c.id).with_for_update()).all()
    # A statement of its own sees what was committed while the one before waited.
    return conn.execute(select(func.count()).select_from(_t).where(*mine)).scalar_one()


def update(conn: Connection, project_id: str, policy_id: str, **changes: Any) -> bool:
    """Change fields of a policy, `updated_at` among them; say whether it exists."""
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == policy_id)
    return touched(conn.execute(query.values(**_written(changes))))


def due(conn: Connection, now: datetime, limit: int) -> builtins.list[tuple[str, str]]:
    """Name the policies of all projects that are due, project id and id, what was due first first."""
    query = select(_t.c.project_id, _t.c.id).where(_t.c.next_fire_at.is_not(None), _t.c.next_fire_at <= now)
    rows = conn.execute(query.order_by(_t.c.next_fire_at, _t.c.id).limit(limit))
    return [(project_id, policy_id) for project_id, policy_id in rows]


def fired(conn: Connection, policy: Policy, following: datetime | None) -> bool:
    """Set when a policy fires next, unless another has fired it meanwhile; say whether it was set."""
    query = sql_update(_t).where(_t.c.id == policy.id, _t.c.next_fire_at == policy.next_fire_at)
    return touched(conn.execute(query.values(next_fire_at=following)))


def delete(conn: Connection, project_id: str, policy_id: str) -> bool:
    """Remove a policy with its bindings; say whether it existed. Backups and operation logs stay."""
    return touched(conn.execute(sql_delete(_t).where(_t.c.project_id == project_id, _t.c.id == policy_id)))


def _written(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"patterns": [*values["patterns"]]} if "patterns" in values else values


def _policy(row: RowMapping) -> Policy:
    known = {field.name: row[field.name] for field in fields(Policy)}
    return Policy(**known | {"patterns": tuple(row["patterns"])})
