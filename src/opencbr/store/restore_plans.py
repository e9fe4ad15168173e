"""Restore plans, sealed; one that a restore is carrying out stays until that has ended."""

import builtins
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model.lists import Listing, Page
from opencbr.model.restore_plan.listed import ListedPlan
from opencbr.store import tables
from opencbr.store.errors import RecordDamaged
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, insert_or_replace, read_rows, touched, values_of

_t = tables.restore_plan
_KEYS = sort_keys(_t, "created_at", "expires_at", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan as stored; `kind` is what is restored as, `operation_log_id` names the restore that carries it out just now.

    It is of a backup or of a checkpoint.
    """

    id: str
    project_id: str
    backup_id: str | None = None
    checkpoint_id: str | None = None
    status: str
    digest: str
    key_id: str
    sealed: bytes
    created_at: datetime
    expires_at: datetime
    operation_log_id: str | None = None
    kind: str = "new_server"


def insert(conn: Connection, plan: StoredPlan) -> None:
    """Add a plan."""
    conn.execute(sql_insert(_t).values(**values_of(plan)))


def replace(conn: Connection, plan: StoredPlan) -> None:
    """Add a plan, or put it in the place of an earlier one of its id."""
    insert_or_replace(conn, _t, values_of(plan))


def get(conn: Connection, project_id: str, plan_id: str, *, lock: bool = False) -> StoredPlan | None:
    """Read a plan of the project; with `lock` nobody else changes it until the transaction ends. Raises RecordDamaged."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == plan_id)
    query = query.with_for_update() if lock else query
    damaged = RecordDamaged(f"restore plan {plan_id} is damaged: its row is not what was written")
    return next(iter(read_rows(conn, query, StoredPlan, damaged)), None)


def list(  # noqa: A001 - read as restore_plans.list(…)
    conn: Connection,
    project_id: str,
    backup_ids: tuple[str, ...],
    page: Page,
    *,
    now: datetime,
    checkpoint_ids: tuple[str, ...] = (),
) -> Listing[ListedPlan]:
    """Read a page of the project's plans that `get` and the use cases still know. Raises UnknownMarker, UnknownSortKey.

    There are few: each goes within hours.
    """
    conditions: builtins.list[ColumnElement[bool]] = [
        among(_t.c.backup_id, backup_ids),
        among(_t.c.checkpoint_id, checkpoint_ids),
        or_(_t.c.expires_at > now, _t.c.operation_log_id.is_not(None)),
    ]
    rows = read_page(
        conn,
        _t,
        _KEYS,
        visible=_t.c.project_id == project_id,
        conditions=conditions,
        page=page,
        columns=[_t.c[field.name] for field in fields(ListedPlan)],
    )
    return Listing([ListedPlan(**row) for row in rows.items], rows.count)


def claim(conn: Connection, project_id: str, plan_id: str, operation_log_id: str) -> bool:
    """Give a plan to the restore that carries it out; False when another one has it."""
    query = sql_update(_t).where(
        _t.c.project_id == project_id, _t.c.id == plan_id, _t.c.operation_log_id.is_(None)
    )
    return touched(conn.execute(query.values(operation_log_id=operation_log_id)))


def free(conn: Connection, operation_log_id: str) -> None:
    """Let go the plan of a restore that has ended."""
    query = sql_update(_t).where(_t.c.operation_log_id == operation_log_id)
    conn.execute(query.values(operation_log_id=None))


def delete(conn: Connection, project_id: str, plan_id: str) -> None:
    """Remove a plan of the project."""
    conn.execute(sql_delete(_t).where(_t.c.project_id == project_id, _t.c.id == plan_id))


def delete_over(conn: Connection, now: datetime) -> None:
    """Remove the plans of all projects whose time is over and that no restore carries out."""
    conn.execute(sql_delete(_t).where(_t.c.expires_at <= now, _t.c.operation_log_id.is_(None)))
