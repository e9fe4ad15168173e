"""Daily backups under a policy: day by day what an obvious reference keeps stays, and cloud, ledger and rows agree."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from opencbr.jobs.backup.job import run_backup
from opencbr.jobs.context import JobContext
from opencbr.model.ids import new_id
from opencbr.model.lists import BackupFilter, OperationLogFilter, Page
from opencbr.model.operation_log import OperationLog
from opencbr.model.policy import Policy
from opencbr.model.vault import Resource
from opencbr.service.retention import Retention
from opencbr.store import backups, operation_logs, policies, tables, vault_policies
from support.inline_job import HurriedClock, carry_out_inline, job_context, run_inline
from support.job_env import QUICK, JobEnv

DAYS = 12


class Days(HurriedClock):
    """A clock on which a test orders the next day."""

    def tomorrow(self) -> None:
        self._ahead += timedelta(days=1)


@pytest.fixture
def days(env: JobEnv, monkeypatch: pytest.MonkeyPatch) -> Days:
    clock = Days(env.demo)
    monkeypatch.setattr(env, "clock", clock)
    return clock


def with_policy(env: JobEnv, bound: Resource, **definition: Any) -> None:
    now = env.clock.now()
    policy = Policy(
        id=new_id(now),
        project_id=env.project_id,
        name="nightly",
        patterns=("FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00",),
        trigger_id=new_id(now),
        definition=definition,
        created_at=now,
        updated_at=now,
    )
    with env.database.write() as conn:
        policies.insert(conn, policy)
        vault_policies.bind(conn, bound.vault_id, policy)


def automatic(env: JobEnv, ctx: JobContext, bound: Resource) -> OperationLog:
    """Make a backup as the scheduler would have it made."""
    operation = env.request_backup(bound)
    with env.database.write() as conn:
        backups.set_info(
            conn,
            env.project_id,
            operation.backup_id or "",
            "auto_trigger",
            value=True,
            updated_at=env.clock.now(),
        )
    run_inline(run_backup, ctx, operation)
    return env.succeeded(operation)


def clean_up(env: JobEnv, ctx: JobContext) -> None:
    """Look as a worker does, and delete what was asked for."""
    Retention(env.database, env.clock).look()
    with env.database.read() as conn:
        wanted = OperationLogFilter(operation_types=("delete",), statuses=("waiting",))
        asked = operation_logs.list(conn, env.project_id, wanted, Page(limit=100)).items
    for one in asked:
        assert carry_out_inline(env, ctx, one).status == "success"


def standing(env: JobEnv, bound: Resource) -> set[str]:
    with env.database.read() as conn:
        wanted = BackupFilter(resource_ids=(bound.id,))
        return {one.id for one in backups.list(conn, env.project_id, wanted, Page(limit=100)).items}


def reference(made: list[tuple[datetime, str]], newest: int, weeks: int) -> set[str]:
    """The newest ones, and of each of the last weeks its last."""
    last_of_week = {moment.isocalendar()[:2]: id_ for moment, id_ in made}
    kept = [last_of_week[week] for week in sorted(last_of_week)[-weeks:]]
    return {*kept, *(id_ for _, id_ in made[-newest:])}


def test_day_by_day_what_the_reference_keeps_stays(env: JobEnv, days: Days) -> None:
    ctx = job_context(env, settings=msgspec.structs.replace(QUICK, full_backup_interval=4), clock=days)
    bound = env.bind("db1-data", "disk")
    with_policy(env, bound, max_backups=2, week_backups=2, timezone="UTC+00:00")
    made: list[tuple[datetime, str]] = []
    for _ in range(DAYS):
        days.tomorrow()
        backup = env.backup(automatic(env, ctx, bound).backup_id)
        assert backup
        made.append((backup.created_at, backup.id))
        clean_up(env, ctx)
        assert standing(env, bound) == reference(made, 2, 2)
    with env.database.read() as conn:
        objects = {*conn.execute(select(tables.volume_backup.c.cinder_backup_id)).scalars()}
        due = conn.execute(select(tables.retention_due)).all()
    assert objects == {one["id"] for one in env.upstream("backup")}
    env.assert_nothing_left(backups_left=len(objects))
    assert len(objects) < DAYS, "the chains that nothing needs any more are gone from the cloud"
    assert due == []


def test_a_manual_backup_cleans_up_nothing(env: JobEnv, days: Days) -> None:
    ctx = job_context(env, clock=days)
    bound = env.bind("db1-data", "disk")
    with_policy(env, bound, max_backups=1)
    old = automatic(env, ctx, bound)
    operation = env.request_backup(bound)
    run_inline(run_backup, ctx, operation)
    clean_up(env, ctx)
    assert standing(env, bound) == {old.backup_id, operation.backup_id}


def test_a_failed_run_cleans_up_nothing(env: JobEnv, days: Days) -> None:
    ctx = job_context(env, clock=days)
    bound = env.bind("db1-data", "disk")
    with_policy(env, bound, max_backups=1)
    first, second = automatic(env, ctx, bound), automatic(env, ctx, bound)
    failing = env.request_backup(bound)
    with env.database.write() as conn:
        operation_logs.request_cancel(conn, env.project_id, failing.id, now=days.now())
    assert carry_out_inline(env, ctx, failing).status == "failed"
    with env.database.read() as conn:
        assert len(conn.execute(select(tables.retention_due)).all()) == 2
    clean_up(env, ctx)
    assert first.backup_id not in standing(env, bound)
    assert second.backup_id in standing(env, bound)
