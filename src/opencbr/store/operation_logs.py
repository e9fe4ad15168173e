"""Operation logs. A waiting one is also what a worker makes a job of: this table is the outbox."""

import builtins
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, case, func, literal, select, true
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from opencbr.model import statuses
from opencbr.model.ids import first_id
from opencbr.model.lists import Listing, OperationLogFilter, Page
from opencbr.model.operation_log import TERMINAL, OperationLog
from opencbr.store import tables
from opencbr.store.pages import read_page, sort_keys
from opencbr.store.statements import among, checked, touched, values_of

_t = tables.operation_log
_WAITING = (_t.c.status == literal(statuses.WAITING, literal_execute=True), _t.c.taken_at.is_(None))
_KEYS = sort_keys(_t, "created_at", "updated_at", "status")


def insert(conn: Connection, log: OperationLog) -> None:
    """Add a log; a waiting one can be taken by a worker from the moment that the transaction commits."""
    conn.execute(sql_insert(_t).values(**values_of(log)))


def get(conn: Connection, project_id: str, log_id: str, *, lock: bool = False) -> OperationLog | None:
    """Read one log of the project; with `lock` nobody else changes it until this transaction ends."""
    query = select(_t).where(_t.c.project_id == project_id, _t.c.id == log_id)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else _log(row)


def by_ids(conn: Connection, log_ids: Collection[str]) -> dict[str, OperationLog]:
    """Read those of these logs that there are, of all projects."""
    query = select(_t).where(_t.c.id.in_(tuple(log_ids)))
    return {row["id"]: _log(row) for row in conn.execute(query).mappings()} if log_ids else {}


def list(  # noqa: A001 - read as operation_logs.list(…)
    conn: Connection, project_id: str, wanted: OperationLogFilter, page: Page
) -> Listing[OperationLog]:
    """Read a page of the project's logs. Raises UnknownMarker, UnknownSortKey."""
    return _page(conn, _t.c.project_id == project_id, wanted, page)


def list_all(conn: Connection, wanted: OperationLogFilter, page: Page) -> Listing[OperationLog]:
    """Read a page of all projects' logs, for the operator alone, newest request first whatever `page` says of sorting.

    Ids begin with the time of the request: the primary key gives the sequence. Raises UnknownMarker.
    """
    return _page(conn, true(), wanted, replace(page, sort=(("id", "desc"),)))


def _page(
    conn: Connection, visible: ColumnElement[bool], wanted: OperationLogFilter, page: Page
) -> Listing[OperationLog]:
    conditions: builtins.list[ColumnElement[bool]] = [
        among(_t.c.operation_type, wanted.operation_types),
        among(_t.c.provider_id, wanted.provider_ids),
        among(_t.c.resource_id, wanted.resource_ids),
        among(_t.c.resource_name, wanted.resource_names),
        among(_t.c.status, wanted.statuses),
        among(_t.c.vault_id, wanted.vault_ids),
        among(_t.c.vault_name, wanted.vault_names),
    ]
    if wanted.created_from is not None:
        conditions.append(_t.c.created_at >= wanted.created_from)
    if wanted.created_to is not None:
        conditions.append(_t.c.created_at <= wanted.created_to)
    rows = read_page(conn, _t, _KEYS, visible=visible, conditions=conditions, page=page)
    return Listing([_log(row) for row in rows.items], rows.count)


def unfinished(conn: Connection) -> dict[str, int]:
    """Count the logs of all projects that have not ended, by status."""
    query = select(_t.c.status, func.count()).where(_t.c.ended_at.is_(None)).group_by(_t.c.status)
    return {row[0]: row[1] for row in conn.execute(query)}


def under_way(conn: Connection, operation_type: str) -> dict[str, int]:
    """Count the operations of a type that have not ended, by project."""
    query = select(_t.c.project_id, func.count()).where(
        _t.c.ended_at.is_(None), _t.c.operation_type == operation_type
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(_t.c.project_id))}


def oldest_waiting(conn: Connection) -> OperationLog | None:
    """Read the log, of any project, that has waited longest for its work to begin."""
    query = select(_t).where(_t.c.ended_at.is_(None), _t.c.status == statuses.WAITING)
    row = conn.execute(query.order_by(_t.c.created_at, _t.c.id).limit(1)).mappings().first()
    return None if row is None else _log(row)


def ended_since(conn: Connection, at: datetime) -> dict[str, int]:
    """Count the logs of all projects that were requested since `at` and have ended, by status."""
    query = select(_t.c.status, func.count()).where(_t.c.id >= first_id(at), _t.c.ended_at.is_not(None))
    return {row[0]: row[1] for row in conn.execute(query.group_by(_t.c.status))}


def failures_since(conn: Connection, at: datetime, limit: int) -> builtins.list[OperationLog]:
    """Read the logs of all projects that were requested since `at` and failed, newest request first."""
    query = select(_t).where(_t.c.id >= first_id(at), _t.c.status.in_((statuses.FAILED, statuses.TIMEOUT)))
    return [_log(row) for row in conn.execute(query.order_by(_t.c.id.desc()).limit(limit)).mappings()]


def begin(conn: Connection, log_id: str, *, now: datetime) -> bool:
    """Say that the work runs; one that runs already keeps its start.

    False when the log has ended or is not there.
    """
    started = case((_t.c.started_at.is_(None), now), else_=_t.c.started_at)
    return _change(conn, log_id, status=statuses.RUNNING, started_at=started, updated_at=now)


def advance(
    conn: Connection,
    log_id: str,
    progress: int,
    step: str,
    *,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> bool:
    """Say how far the work is, in per cent, and what it does.

    Progress never goes back, though a step be repeated.
    """
    further = case((_t.c.progress > progress, _t.c.progress), else_=progress)
    return _change(conn, log_id, progress=further, step=step, updated_at=now, **_details(details))


def tell(conn: Connection, log: OperationLog, details: dict[str, Any], *, now: datetime) -> bool:
    """Add to the details of work that runs; what is there under another name stays. False when it has ended."""
    standing = get(conn, log.project_id, log.id, lock=True)
    if standing is None:
        return False
    return _change(conn, log.id, details=standing.details | details, updated_at=now)


def amend(conn: Connection, log: OperationLog, details: dict[str, Any], *, now: datetime) -> None:
    """Add to the details of work that has ended what has become of it since; whoever does so has locked the row."""
    query = sql_update(_t).where(_t.c.project_id == log.project_id, _t.c.id == log.id)
    conn.execute(query.values(details=log.details | details, updated_at=now))


def set_parameters(conn: Connection, log_id: str, parameters: dict[str, Any], *, now: datetime) -> bool:
    """Write what only the job reads, all of it; who adds to it has locked the row. False when the log has ended."""
    return _change(conn, log_id, parameters=parameters, updated_at=now)


def finish(
    conn: Connection,
    log_id: str,
    status: statuses.OperationStatus,
    error_code: str = "",
    error_message: str = "",
    *,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> bool:
    """End a log, once: what has ended stays as it is, and False is returned. Success is progress 100."""
    if status not in TERMINAL:
        raise ValueError(f"{status!r} does not end an operation log")
    changes = _details(details) | ({"progress": 100} if status == statuses.SUCCESS else {})
    started = case((_t.c.started_at.is_(None), now), else_=_t.c.started_at)
    return _change(
        conn,
        log_id,
        status=status,
        error_code=error_code,
        error_message=error_message,
        started_at=started,
        updated_at=now,
        ended_at=now,
        **changes,
    )


def request_cancel(conn: Connection, project_id: str, log_id: str, *, now: datetime) -> bool:
    """Ask the work to stop: the job reads this flag. False when it has ended or is not the project's."""
    query = sql_update(_t).where(_t.c.project_id == project_id, _t.c.id == log_id, _t.c.ended_at.is_(None))
    return touched(conn.execute(query.values(cancel_requested=True, updated_at=now)))


def cancel_requested(conn: Connection, log_id: str) -> bool:
    """Say whether somebody asked this work to stop."""
    return bool(conn.execute(select(_t.c.cancel_requested).where(_t.c.id == log_id)).scalar_one_or_none())


def waiting(conn: Connection, limit: int, types: Sequence[str] = ()) -> builtins.list[OperationLog]:
    """Read the waiting logs of all projects that nobody has taken yet, oldest first; of `types` if any."""
    query = select(_t).where(*_WAITING, among(_t.c.operation_type, types))
    return [
        _log(row) for row in conn.execute(query.order_by(_t.c.created_at, _t.c.id).limit(limit)).mappings()
    ]


def waiting_types(conn: Connection) -> set[str]:
    """Name the types of the waiting logs that nobody has taken yet."""
    return set(conn.execute(select(_t.c.operation_type).where(*_WAITING).distinct()).scalars())


def take(conn: Connection, log_id: str, *, now: datetime) -> bool:
    """Note that a job was made of this log, after it was; False when that had been noted before."""
    query = sql_update(_t).where(_t.c.id == log_id, _t.c.taken_at.is_(None))
    return touched(conn.execute(query.values(taken_at=now)))


def taken(conn: Connection, limit: int, after: str = "") -> builtins.list[OperationLog]:
    """Read the logs of all projects that became jobs and have not ended, by id, those after the id `after`."""
    by_id = checked(_t.c.id)  # from the index of what is open: by their ids all that ever ended would be read
    query = select(_t).where(_t.c.ended_at.is_(None), _t.c.taken_at.is_not(None), by_id > after)
    return [_log(row) for row in conn.execute(query.order_by(by_id).limit(limit)).mappings()]


def cancelled_with_way_back(conn: Connection, now: datetime) -> builtins.list[OperationLog]:
    """Read the work of all projects that was cancelled, has ended, and keeps what it has written over."""
    kept = tables.ledger
    keeps = select(kept.c.operation_log_id).where(kept.c.kept_until > now)
    query = select(_t).where(_t.c.id.in_(keeps), _t.c.cancel_requested, _t.c.ended_at.is_not(None))
    return [_log(row) for row in conn.execute(query.order_by(_t.c.ended_at, _t.c.id)).mappings()]


def begun_after(conn: Connection, log: OperationLog, types: Collection[str]) -> builtins.list[OperationLog]:
    """Read the project's logs of these types that were asked for after this one."""
    query = select(_t).where(
        _t.c.project_id == log.project_id,
        _t.c.created_at > log.created_at,
        among(_t.c.operation_type, tuple(types)),
    )
    return [_log(row) for row in conn.execute(query.order_by(_t.c.created_at, _t.c.id)).mappings()]


def unfinished_for(conn: Connection, project_id: str, resource_id: str) -> builtins.list[OperationLog]:
    """Read the logs of work on this resource that has not ended, oldest first."""
    query = select(_t).where(
        _t.c.project_id == project_id, _t.c.resource_id == resource_id, _t.c.ended_at.is_(None)
    )
    return [_log(row) for row in conn.execute(query.order_by(_t.c.created_at, _t.c.id)).mappings()]


def purge(conn: Connection, before: datetime, limit: int) -> int:
    """Remove logs of all projects that ended before, the oldest requests first; return how many."""
    old = (
        select(_t.c.id)
        .where(_t.c.id < first_id(before), _t.c.ended_at < before)
        .order_by(_t.c.id)
        .limit(limit)
    )
    return conn.execute(sql_delete(_t).where(_t.c.id.in_(old.scalar_subquery()))).rowcount


def _change(conn: Connection, log_id: str, **changes: Any) -> bool:
    query = sql_update(_t).where(_t.c.id == log_id, _t.c.ended_at.is_(None))
    return touched(conn.execute(query.values(**changes)))


def _details(details: dict[str, Any] | None) -> dict[str, Any]:
    return {} if details is None else {"details": details}


def _log(row: RowMapping) -> OperationLog:
    values = dict(row)
    del values["taken_at"]
    return OperationLog(**values)
