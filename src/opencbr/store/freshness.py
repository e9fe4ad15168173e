"""The newest backups and the runs of bound resources.

Each is found by a search in an index that begins with the resource: a list costs as much as there are resources, however many
backups and runs these have.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    ScalarSelect,
    Select,
    and_,
    func,
    literal,
    select,
)

from opencbr.model import policy_run as runs
from opencbr.model.backup import RECORDED, Backup
from opencbr.model.drill import PASSED, UNCHECKED
from opencbr.model.extend_info import RESTORE_TESTED
from opencbr.model.freshness import FreshnessSummary, ResourceFreshness
from opencbr.model.lists import FreshnessFilter, Listing, Page
from opencbr.model.policy import BACKUP
from opencbr.model.report import COMPLETE
from opencbr.store import backups, policy_runs, tables
from opencbr.store.pages import read_page
from opencbr.store.statements import among

_bound, _backup, _run, _drill = tables.resource, tables.backup, tables.policy_run, tables.drill
_vault, _has_policy = tables.vault, tables.vault_policy

_GOOD = (
    _backup.c.parent_id.is_(None),
    _backup.c.held_at.is_(None),
    _backup.c.status.in_(sorted(RECORDED)),
)
_FINISHED = (
    _backup.c.project_id == _bound.c.project_id,
    _backup.c.resource_id == _bound.c.id,
    *_GOOD,
)
# The partial index is used only by a query that repeats its condition.
_COMPLETE = (*_FINISHED, _backup.c.verdict == literal(COMPLETE, literal_execute=True))
_RUNS = (
    _run.c.project_id == _bound.c.project_id,
    _run.c.resource_id == _bound.c.id,
    _run.c.policy_id == _has_policy.c.policy_id,
)


def list(  # noqa: A001 - read as freshness.list(…)
    conn: Connection, project_id: str, wanted: FreshnessFilter, page: Page
) -> Listing[ResourceFreshness]:
    """Read a page of the project's bound resources. Raises UnknownMarker, UnknownSortKey."""
    state = _state(project_id).subquery()
    keys: dict[str, ColumnElement[Any]] = {
        name: state.c[name] for name in ("unprotected_since", "name", "bound_at", "id")
    }
    conditions = [
        among(state.c.id, wanted.ids),
        among(state.c.vault_id, wanted.vault_ids),
        among(state.c.type, wanted.types),
        among(state.c.last_run, wanted.last_runs),
    ]
    if wanted.has_backup is not None:
        conditions.append(
            state.c.finished_id.is_not(None) if wanted.has_backup else state.c.finished_id.is_(None)
        )
    rows = read_page(
        conn, state, keys, visible=state.c.project_id == project_id, conditions=conditions, page=page
    )
    named = ("complete_id", "finished_id", "tested_id")
    kept = backups.by_ids(conn, project_id, {row[name] for row in rows.items for name in named} - {None})
    ended = policy_runs.by_ids(conn, project_id, {row["run_id"] for row in rows.items} - {None})
    return Listing([_told(row, kept, ended) for row in rows.items], rows.count)


def summary(conn: Connection, project_id: str) -> FreshnessSummary:
    """Sum up all that is bound in the project."""
    state = _state(project_id).subquery()
    return _summary(conn.execute(select(*_sums(state))).mappings().one())


def of_vaults(conn: Connection, project_id: str, vault_ids: Collection[str]) -> dict[str, FreshnessSummary]:
    """Sum up what is bound to each vault; every given id has an entry."""
    found = dict.fromkeys(vault_ids, FreshnessSummary())
    state = _state(project_id, _bound.c.vault_id.in_(tuple(found))).subquery()
    query = select(state.c.vault_id, *_sums(state)).group_by(state.c.vault_id)
    return found | {row["vault_id"]: _summary(row) for row in conn.execute(query).mappings()}


def _state(project_id: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Select what is bound, with the ids of its newest backups and of its last run.

    A column that the query around it does not ask for costs nothing.
    """
    # Drills are few: their backups are looked up by id. With another condition on backups SQLite would walk these instead;
    # they are read by the project's id afterwards.
    tested = (
        select(_backup.c.id)
        .join(_drill, _drill.c.backup_id == _backup.c.id)
        .where(
            _drill.c.project_id == _bound.c.project_id,
            _drill.c.resource_id == _bound.c.id,
            _drill.c.verdict.in_((PASSED, UNCHECKED)),
            *_GOOD,
            _backup.c.extend_info[RESTORE_TESTED].as_string().is_not(None),
        )
    )
    ended = and_(*_RUNS, _run.c.ended_at.is_not(None))
    return (
        select(
            _bound.c.project_id,
            _bound.c.id,
            _bound.c.name,
            _bound.c.type,
            _bound.c.vault_id,
            _vault.c.name.label("vault_name"),
            _bound.c.created_at.label("bound_at"),
            _bound.c.auto_protect,
            _has_policy.c.policy_id,
            func.coalesce(_newest(select(_backup.c.created_at).where(*_COMPLETE)), _bound.c.created_at).label(
                "unprotected_since"
            ),
            _newest(select(_backup.c.id).where(*_COMPLETE)).label("complete_id"),
            _newest(select(_backup.c.id).where(*_FINISHED)).label("finished_id"),
            _newest(tested).label("tested_id"),
            _last(select(_run.c.id).where(ended)).label("run_id"),
            _last(select(_run.c.status).where(ended)).label("last_run"),
            _count(_run.c.status == runs.MISSED).label("missed_runs"),
            _count(_run.c.late).label("late_runs"),
        )
        .join(_vault, _vault.c.id == _bound.c.vault_id)
        .outerjoin(
            _has_policy,
            and_(_has_policy.c.vault_id == _bound.c.vault_id, _has_policy.c.operation_type == BACKUP),
        )
        .where(_bound.c.project_id == project_id, *conditions)
    )


def _newest(query: Select[Any]) -> ScalarSelect[Any]:
    ordered = query.order_by(_backup.c.created_at.desc(), _backup.c.id.desc()).limit(1)
    return ordered.correlate(_bound).scalar_subquery()


def _last(query: Select[Any]) -> ScalarSelect[Any]:
    """Take the one that was due last: no two of a policy and a resource were due at one time."""
    ordered = query.order_by(_run.c.due_at.desc()).limit(1)
    return ordered.correlate(_bound, _has_policy).scalar_subquery()


def _count(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    query = select(func.count()).select_from(_run).where(*_RUNS, condition)
    return query.correlate(_bound, _has_policy).scalar_subquery()


def _sums(state: Any) -> tuple[ColumnElement[Any], ...]:
    return (
        func.count().label("resources"),
        func.count().filter(state.c.finished_id.is_(None)).label("without_backup"),
        func.count().filter(state.c.last_run == runs.FAILED).label("last_run_failed"),
        func.min(state.c.unprotected_since).label("unprotected_since"),
    )


def _summary(row: RowMapping) -> FreshnessSummary:
    names = ("resources", "without_backup", "last_run_failed", "unprotected_since")
    return FreshnessSummary(**{name: row[name] for name in names})


def _told(row: RowMapping, kept: dict[str, Backup], ended: dict[str, Any]) -> ResourceFreshness:
    plain = ("id", "name", "type", "vault_id", "vault_name", "bound_at", "auto_protect", "unprotected_since")
    counted = ("policy_id", "missed_runs", "late_runs")
    return ResourceFreshness(
        **{name: row[name] for name in (*plain, *counted)},
        newest_complete=kept.get(row["complete_id"]),
        newest_finished=kept.get(row["finished_id"]),
        newest_restore_tested=kept.get(row["tested_id"]),
        last_run=ended.get(row["run_id"]),
    )
