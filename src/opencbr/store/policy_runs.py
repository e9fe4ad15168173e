"""Runs of policies: the queue of each resource, and the history."""

import builtins
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

from opencbr.model import policy_run as runs
from opencbr.model import statuses
from opencbr.model.lists import Listing, Page, PolicyRunFilter
from opencbr.model.operation_log import DRILL, OperationLog
from opencbr.model.policy import BACKUP
from opencbr.model.policy_run import PolicyRun, RunStatus
from opencbr.store import operation_logs, tables
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, belongs, insert_new, touched, values_of

_t = tables.policy_run
_KEYS = sort_keys(_t, "created_at", "due_at", "started_at", "ended_at", "status")
_WAITS = _t.c.status == literal(runs.WAITING, literal_execute=True)
_RUNS = _t.c.status == literal(runs.RUNNING, literal_execute=True)
_IN_VAIN = case((_t.c.code.in_(runs.VAULT_REFUSES), runs.FAILED), else_=runs.MISSED)
"""How a run ends that has waited until its time was over."""


def insert(conn: Connection, run: PolicyRun) -> bool:
    """Add a run; False when it is there already, or when it would wait beside another of its policy and resource."""
    return insert_new(conn, _t, values_of(run))


def get(conn: Connection, project_id: str, run_id: str) -> PolicyRun | None:
    """Read one run of the project."""
    row = conn.execute(select(_t).where(_t.c.project_id == project_id, _t.c.id == run_id)).mappings().first()
    return None if row is None else from_row(row)


def in_the_way_of(conn: Connection, run: PolicyRun) -> PolicyRun | None:
    """Read the run for which `insert` has not added this one: itself, or the one that waits for the resource."""
    waits = and_(_t.c.policy_id == run.policy_id, _t.c.resource_id == run.resource_id, _WAITS)
    query = select(_t).where(_t.c.project_id == run.project_id, or_(_t.c.id == run.id, waits))
    row = conn.execute(query.order_by(_t.c.id != run.id).limit(1)).mappings().first()
    return None if row is None else from_row(row)


def by_ids(conn: Connection, project_id: str, run_ids: Collection[str]) -> dict[str, PolicyRun]:
    """Read those of these runs that the project has."""
    query = select(_t).where(_t.c.id.in_(tuple(run_ids)), belongs(_t, project_id))
    return {row["id"]: from_row(row) for row in conn.execute(query).mappings()} if run_ids else {}


def list(  # noqa: A001 - read as policy_runs.list(…)
    conn: Connection, project_id: str, policy_id: str, wanted: PolicyRunFilter, page: Page
) -> Listing[PolicyRun]:
    """Read a page of a policy's runs. Raises UnknownMarker, UnknownSortKey."""
    conditions: builtins.list[ColumnElement[bool]] = [
        among(_t.c.status, wanted.statuses),
        among(_t.c.vault_id, wanted.vault_ids),
        among(_t.c.resource_id, wanted.resource_ids),
    ]
    if wanted.late is not None:
        conditions.append(_t.c.late.is_(wanted.late))
    # By the resource where one is wanted, by the policy else: each has its index.
    mine = _t.c.project_id == project_id if wanted.resource_ids else belongs(_t, project_id)
    visible = and_(_t.c.policy_id == policy_id, mine)
    rows = read_page(conn, _t, _KEYS, visible=visible, conditions=conditions, page=page)
    return Listing([from_row(row) for row in rows.items], rows.count)


def one_at_a_time(conn: Connection) -> None:
    """Let nobody else start runs before this transaction ends: two that count what is under way would both see room.

    SQLite's writers take turns anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:room)"), {"room": 0x0C_B6})


def next_to_start(
    conn: Connection, operation_type: str, now: datetime, limit: int, under_way: Mapping[str, int]
) -> builtins.list[PolicyRun]:
    """Choose `limit` waiting runs of this type, of all projects, whose resources are free for it, one for a resource.

    Projects take turns: whoever has the fewest operations of the type `under_way` (project id -> how many) is next, and within
    a project what was due first.
    """
    is_free = _is_bound_and_free() if operation_type == BACKUP else ~_is_drilled()
    place = func.row_number().over(partition_by=_t.c.project_id, order_by=(_t.c.due_at, _t.c.id))
    due = (_WAITS, _t.c.operation_type == operation_type, _t.c.not_before <= now, is_free)
    ranked = select(_t, place.label("place")).where(*due).subquery()
    query = (
        select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.place, ranked.c.due_at, ranked.c.id)
    )
    taken: set[tuple[str, str]] = set()
    found: builtins.list[tuple[int, PolicyRun]] = []
    for row in conn.execute(query).mappings():
        run = from_row(row)
        if (run.project_id, run.resource_id) not in taken:
            taken.add((run.project_id, run.resource_id))
            found.append((under_way.get(run.project_id, 0) + row["place"], run))
    found.sort(key=lambda one: (one[0], one[1].due_at, one[1].id))
    return [run for _, run in found[:limit]]


def is_any_open(conn: Connection) -> bool:
    """Say whether a run of any project has not ended."""
    return any(
        conn.execute(select(_t.c.id).where(one).limit(1)).first() is not None for one in (_WAITS, _RUNS)
    )


def claim(conn: Connection, run: PolicyRun) -> PolicyRun | None:
    """Take a waiting run to start it and return it as it is then; None when another has taken it."""
    if not _change(conn, run, status=runs.RUNNING, code="", reason=""):
        return None
    return replace(run, status=runs.RUNNING, code="", reason="")


def begun(conn: Connection, run: PolicyRun, log: OperationLog, *, now: datetime) -> None:
    """Note what a claimed run has become."""
    ids = {"checkpoint_id": log.checkpoint_id, "backup_id": log.backup_id, "operation_log_id": log.id}
    _change(conn, run, started_at=now, attempts=_t.c.attempts + 1, **ids)


def put_off(conn: Connection, run: PolicyRun, code: str, reason: str, *, until: datetime) -> bool:
    """Let a run wait, or wait again, and say why; False when another of its policy waits for the resource by now.

    Of a run that is `running`, the caller holds the policy's row: who fires it, or asks for a run, is then seen.
    """
    other = _t.alias("other")
    is_alone = ~exists().where(
        other.c.policy_id == _t.c.policy_id,
        other.c.resource_id == _t.c.resource_id,
        other.c.status == runs.WAITING,
        other.c.id != _t.c.id,
    )
    return _change(conn, run, is_alone, status=runs.WAITING, not_before=until, code=code, reason=reason)


def end(
    conn: Connection, run: PolicyRun, status: RunStatus, code: str = "", reason: str = "", *, now: datetime
) -> bool:
    """End a run, once."""
    return _change(conn, run, status=status, code=code, reason=reason, ended_at=now)


def hurry(conn: Connection, run_id: str, *, now: datetime) -> None:
    """Let a waiting run begin at once."""
    query = sql_update(_t).where(_t.c.id == run_id, _WAITS, _t.c.not_before > now)
    conn.execute(query.values(not_before=now))


def supersede(conn: Connection, policy_id: str, *, now: datetime) -> None:
    """Give up what waits of a policy that is due again."""
    query = sql_update(_t).where(_t.c.policy_id == policy_id, _WAITS)
    reason = _why("the policy was due again before it could begin")
    conn.execute(query.values(status=_IN_VAIN, reason=reason, ended_at=now))


def give_up(conn: Connection, *, now: datetime) -> int:
    """End the waiting runs of all projects that cannot begin any more, and say why; return how many."""
    policy, binding, bound = tables.policy, tables.vault_policy, tables.resource
    asked = _t.c.trigger == runs.REQUEST
    is_bound = exists().where(
        bound.c.project_id == _t.c.project_id,
        bound.c.id == _t.c.resource_id,
        bound.c.vault_id == _t.c.vault_id,
    )
    is_enabled = exists().where(policy.c.id == _t.c.policy_id, policy.c.enabled)
    has_policy = exists().where(binding.c.vault_id == _t.c.vault_id, binding.c.policy_id == _t.c.policy_id)
    ends: tuple[tuple[ColumnElement[bool], Any, Any], ...] = (
        (~is_bound, runs.SKIPPED, "the resource has left the vault"),
        (~has_policy, runs.SKIPPED, "the policy was taken from the vault"),
        (and_(~asked, ~is_enabled), runs.SKIPPED, "the policy was disabled"),
        (_t.c.start_by < now, _IN_VAIN, _why("it could not begin in its start window")),
    )
    count = 0
    for condition, status, reason in ends:
        query = sql_update(_t).where(_WAITS, condition)
        count += conn.execute(query.values(status=status, reason=reason, ended_at=now)).rowcount
    return count


def ended_work(conn: Connection, limit: int) -> builtins.list[tuple[PolicyRun, OperationLog | None]]:
    """Read the running runs of all projects whose operation log has ended, with it; None where that is gone."""
    logs = tables.operation_log
    joined = _t.outerjoin(logs, logs.c.id == _t.c.operation_log_id)
    ended = or_(logs.c.id.is_(None), logs.c.ended_at.is_not(None))
    rows = conn.execute(select(_t).select_from(joined).where(_RUNS, ended).limit(limit)).mappings()
    found = [from_row(row) for row in rows]
    works = operation_logs.by_ids(conn, {run.operation_log_id for run in found if run.operation_log_id})
    return [(run, works.get(run.operation_log_id or "")) for run in found]


def purge(conn: Connection, before: datetime, limit: int) -> int:
    """Remove ended runs of all projects that were made before; return how many."""
    old = (
        select(_t.c.id)
        .where(_t.c.created_at < before, _t.c.ended_at.is_not(None))
        .order_by(_t.c.created_at)
        .limit(limit)
    )
    return conn.execute(sql_delete(_t).where(_t.c.id.in_(old.scalar_subquery()))).rowcount


def _is_bound_and_free() -> ColumnElement[bool]:
    bound = tables.resource
    return exists().where(
        bound.c.project_id == _t.c.project_id,
        bound.c.id == _t.c.resource_id,
        bound.c.vault_id == _t.c.vault_id,
        bound.c.protect_status.in_((statuses.AVAILABLE, statuses.ERROR)),
    )


def _is_drilled() -> ColumnElement[bool]:
    """Say whether a drill of the resource is under way; what else is done with it stands in no drill's way."""
    logs = tables.operation_log
    return exists().where(
        logs.c.project_id == _t.c.project_id,
        logs.c.resource_id == _t.c.resource_id,
        logs.c.ended_at.is_(None),
        logs.c.operation_type == DRILL,
    )


def _why(sentence: str) -> ColumnElement[str]:
    """Say why a run ends, and what it waited for where that is known."""
    return func.coalesce(literal(f"{sentence}: ") + func.nullif(_t.c.reason, ""), sentence)


def _change(conn: Connection, run: PolicyRun, *conditions: ColumnElement[bool], **changes: Any) -> bool:
    """Change a run that stands as it was read, and say whether it does: meanwhile another may have gone on with it."""
    as_read = (
        _t.c.id == run.id,
        _t.c.status == run.status,
        _t.c.operation_log_id.is_not_distinct_from(run.operation_log_id),
    )
    return touched(conn.execute(sql_update(_t).where(*as_read, *conditions).values(**changes)))


def from_row(row: RowMapping) -> PolicyRun:
    """Read a run from its row."""
    return PolicyRun(**{field.name: row[field.name] for field in fields(PolicyRun)})
