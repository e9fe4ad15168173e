"""Restore drills: rows that stay when their backup has gone."""

import builtins
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model.drill import Drill, Finding, written
from opencbr.model.lists import DrillFilter, Listing, Page
from opencbr.store import tables
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, belongs, touched, values_of

_t = tables.drill
_KEYS = sort_keys(_t, "created_at", "ended_at", "verdict")


def insert(conn: Connection, drill: Drill) -> None:
    """Add a drill that is asked for."""
    conn.execute(sql_insert(_t).values(**values_of(drill) | {"findings": written(drill.findings)}))


def get(conn: Connection, project_id: str, drill_id: str) -> Drill | None:
    """Read one drill of the project."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == drill_id)
    row = conn.execute(query).mappings().first()
    return None if row is None else from_row(row)


def list(  # noqa: A001 - read as drills.list(…)
    conn: Connection, project_id: str, wanted: DrillFilter, page: Page
) -> Listing[Drill]:
    """Read a page of the project's drills. Raises UnknownMarker, UnknownSortKey."""
    conditions: builtins.list[ColumnElement[bool]] = [
        among(_t.c.backup_id, wanted.backup_ids),
        among(_t.c.resource_id, wanted.resource_ids),
        among(_t.c.verdict, wanted.verdicts),
    ]
    if wanted.policy_ids:
        fired = tables.policy_run
        by_policy = select(fired.c.operation_log_id).where(
            belongs(fired, project_id), among(fired.c.policy_id, wanted.policy_ids)
        )
        conditions.append(_t.c.id.in_(by_policy))
    visible = _t.c.project_id == project_id
    rows = read_page(conn, _t, _KEYS, visible=visible, conditions=conditions, page=page)
    return Listing([from_row(row) for row in rows.items], rows.count)


def newest_of(conn: Connection, project_id: str, resource_ids: builtins.list[str]) -> dict[str, datetime]:
    """Tell when the newest drill of each server was asked for, however it ended; one that was never drilled is missing."""
    mine = (_t.c.project_id == project_id, _t.c.resource_id.in_(resource_ids))
    query = select(_t.c.resource_id, func.max(_t.c.created_at)).where(*mine).group_by(_t.c.resource_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def begin(conn: Connection, drill_id: str, *, now: datetime) -> None:
    """Say that a drill runs; one that runs already keeps its start."""
    _change(conn, drill_id, _t.c.started_at.is_(None), started_at=now)


def find(conn: Connection, drill_id: str, findings: builtins.list[Finding]) -> None:
    """Write what was found, all of it."""
    _change(conn, drill_id, findings=written(findings))


def recovered(conn: Connection, drill_id: str, *, now: datetime) -> None:
    """Say when the server stood and its checks had held; the first time counts."""
    _change(conn, drill_id, _t.c.recovered_at.is_(None), recovered_at=now)


def end(conn: Connection, drill_id: str, verdict: str, reason: str, *, now: datetime) -> bool:
    """End a drill, once; False when it had ended."""
    return _change(conn, drill_id, verdict=verdict, reason=reason, ended_at=now)


def _change(conn: Connection, drill_id: str, *conditions: ColumnElement[bool], **changes: Any) -> bool:
    query = sql_update(_t).where(_t.c.id == drill_id, _t.c.ended_at.is_(None), *conditions)
    return touched(conn.execute(query.values(**changes)))


def from_row(row: RowMapping) -> Drill:
    """Read a drill from its row."""
    known = {field.name: row[field.name] for field in fields(Drill)}
    return Drill(**known | {"findings": tuple(Finding(**one) for one in row["findings"])})
