"""Notices for the operator's webhook: what none was written of yet, and those that are to be sent."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, literal, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

from opencbr.model.drill import FAILED, Drill
from opencbr.model.notice import DRILL_FAILED, RUN_ENDS, RUN_LATE, Notice
from opencbr.model.policy import DRILL
from opencbr.model.policy_run import PolicyRun
from opencbr.store import drills, policy_runs, tables
from opencbr.store.statements import insert_new, touched, values_of

_t = tables.notice
_OPEN = _t.c.next_attempt_at.is_not(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How sending is: how many notices wait, since when and why the oldest does, and how many were given up lately."""

    waiting: int
    since: datetime | None
    reason: str
    given_up: int


def ended_runs(conn: Connection, ends: Collection[str], since: datetime, limit: int) -> list[PolicyRun]:
    """Read runs of all projects that ended so from `since` on and have no notice of it, the oldest end first."""
    runs = tables.policy_run
    event = literal("policy_run.") + runs.c.status
    # The index has a row of the three alone, and is used by a query that repeats its condition.
    fails = runs.c.status.in_(bindparam("fails", [*RUN_ENDS], expanding=True, literal_execute=True))
    # A drill that failed has a notice of its own.
    is_told = or_(runs.c.operation_type != DRILL, runs.c.status != FAILED)
    ended = (
        fails,
        is_told,
        runs.c.status.in_(tuple(ends)),
        runs.c.ended_at >= since,
        _untold(event, runs.c.id),
    )
    query = select(runs).where(*ended).order_by(runs.c.ended_at, runs.c.id).limit(limit)
    return [policy_runs.from_row(row) for row in conn.execute(query).mappings()]


def late_runs(conn: Connection, since: datetime, limit: int) -> list[PolicyRun]:
    """Read late runs of all projects that were made from `since` on and have no notice of it, the oldest first."""
    runs = tables.policy_run
    late = (runs.c.created_at >= since, runs.c.late, _untold(literal(RUN_LATE), runs.c.id))
    query = select(runs).where(*late).order_by(runs.c.created_at, runs.c.id).limit(limit)
    return [policy_runs.from_row(row) for row in conn.execute(query).mappings()]


def failed_drills(conn: Connection, since: datetime, limit: int) -> list[Drill]:
    """Read drills of all projects that failed from `since` on and have no notice of it, the oldest end first."""
    rows = tables.drill
    fails = rows.c.verdict == literal(FAILED, literal_execute=True)
    failed = (fails, rows.c.ended_at >= since, _untold(literal(DRILL_FAILED), rows.c.id))
    query = select(rows).where(*failed).order_by(rows.c.ended_at, rows.c.id).limit(limit)
    return [drills.from_row(row) for row in conn.execute(query).mappings()]


def insert(conn: Connection, notice: Notice) -> bool:
    """Add a notice; False when there is one of this event and subject."""
    return insert_new(conn, _t, values_of(notice))


def due(conn: Connection, now: datetime, limit: int) -> list[Notice]:
    """Read notices that are to be sent now, the longest waiting first."""
    query = select(_t).where(_OPEN, _t.c.next_attempt_at <= now)
    rows = conn.execute(query.order_by(_t.c.next_attempt_at, _t.c.id).limit(limit)).mappings()
    return [Notice(**{field.name: row[field.name] for field in fields(Notice)}) for row in rows]


def begin(conn: Connection, notice: Notice, *, again: datetime) -> bool:
    """Count an attempt before it is made, with the time of the next one; False when another has begun with it."""
    as_read = (_t.c.id == notice.id, _t.c.next_attempt_at == notice.next_attempt_at)
    query = sql_update(_t).where(*as_read).values(attempts=_t.c.attempts + 1, next_attempt_at=again)
    return touched(conn.execute(query))


def sent(conn: Connection, notice: Notice, *, now: datetime) -> None:
    """Say that a notice was taken."""
    conn.execute(
        sql_update(_t).where(_t.c.id == notice.id).values(sent_at=now, next_attempt_at=None, reason="")
    )


def refused(conn: Connection, notice: Notice, reason: str) -> None:
    """Say why an attempt came to nothing."""
    conn.execute(sql_update(_t).where(_t.c.id == notice.id).values(reason=reason))


def give_up(conn: Connection, before: datetime, *, now: datetime) -> int:
    """Give up the notices that were made before and nobody has taken; return how many."""
    query = sql_update(_t).where(_OPEN, _t.c.created_at < before)
    return conn.execute(query.values(given_up_at=now, next_attempt_at=None)).rowcount


def standing(conn: Connection, since: datetime) -> Standing:
    """Say how sending is; `since` is from when on those that were given up are counted."""
    waiting = conn.execute(select(func.count()).select_from(_t).where(_OPEN)).scalar_one()
    oldest = conn.execute(
        select(_t.c.created_at, _t.c.reason)
        .where(_OPEN)
        .order_by(_t.c.created_at, _t.c.attempts.desc())
        .limit(1)
    ).first()
    lost = select(func.count()).select_from(_t).where(_t.c.given_up_at >= since)
    return Standing(
        waiting=waiting,
        since=oldest.created_at if oldest else None,
        reason=oldest.reason if oldest else "",
        given_up=conn.execute(lost).scalar_one(),
    )


def purge(conn: Connection, before: datetime, limit: int) -> int:
    """Remove notices that were made before and are not to be sent any more; return how many."""
    old = select(_t.c.id).where(_t.c.created_at < before, ~_OPEN).order_by(_t.c.created_at).limit(limit)
    return conn.execute(sql_delete(_t).where(_t.c.id.in_(old.scalar_subquery()))).rowcount


def _untold(event: ColumnElement[str], subject_id: ColumnElement[str]) -> ColumnElement[bool]:
    return ~exists().where(_t.c.event == event, _t.c.subject_id == subject_id)
