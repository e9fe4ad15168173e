"""From a policy that is due to the backups that stand: the scheduler's runs, carried out by the job."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model.ids import new_id
from opencbr.model.lists import Page, PolicyRunFilter
from opencbr.model.policy import Policy
from opencbr.model.vault import Resource
from opencbr.service.scheduler import Scheduler
from opencbr.store import operation_logs, policies, policy_runs, vault_policies
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv
from support.job_steps import disk_of
from support.policy_scene import SetClock

DUE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def nightly(env: JobEnv, bound: Sequence[Resource], **definition: int) -> Policy:
    """Give the vaults of these a policy that is due."""
    policy = Policy(
        id=new_id(DUE),
        project_id=env.project_id,
        name="nightly",
        patterns=("FREQ=DAILY;BYHOUR=01;BYMINUTE=00",),
        trigger_id=new_id(DUE),
        definition=definition,
        next_fire_at=DUE,
        created_at=DUE - DAY,
        updated_at=DUE - DAY,
    )
    with env.database.write() as conn:
        policies.insert(conn, policy)
        for vault_id in {one.vault_id for one in bound}:
            vault_policies.bind(conn, vault_id, policy)
    return policy


@pytest.mark.parametrize(("interval", "incremental"), [(2, [False, True, False]), (0, [False, True, True])])
def test_each_night_is_an_automatic_backup_and_every_so_manieth_a_full_one(
    env: JobEnv, interval: int, incremental: list[bool]
) -> None:
    policy = nightly(env, [env.bind("db1-data", "disk")], full_backup_interval=interval)
    clock = SetClock(DUE)
    made: list[bool] = []
    scheduler = Scheduler(env.database, env.cloud, clock, ScheduleSettings(), kept_days=30)
    for night in range(len(incremental)):
        clock.moment = DUE + night * DAY
        while scheduler.round():
            pass
        with env.database.read() as conn:
            [operation] = operation_logs.waiting(conn, 10)
        carry_out_inline(env, job_context(env), operation)
        backup = env.backup(operation.backup_id or "")
        assert backup is not None
        assert (backup.status, backup.extend_info["auto_trigger"]) == ("available", True)
        assert backup.name.startswith("autobk_")
        made.append(disk_of(env, backup.id).is_incremental)
        scheduler.round()
    assert made == incremental
    with env.database.read() as conn:
        runs = policy_runs.list(conn, env.project_id, policy.id, PolicyRunFilter(), Page(10)).items
    assert {run.status for run in runs} == {"success"}
    assert len({run.backup_id for run in runs}) == len(incremental)


def test_what_two_servers_share_is_read_once_though_each_has_its_checkpoint(env: JobEnv) -> None:
    policy = nightly(env, [env.bind("db1"), env.bind("web1")])
    clock, ctx = SetClock(DUE), job_context(env)
    scheduler = Scheduler(env.database, env.cloud, clock, ScheduleSettings(backups_at_once=1), kept_days=30)
    env.demo.calls.clear()
    checkpoints = set()
    for _ in range(2):
        while scheduler.round():
            pass
        with env.database.read() as conn:
            [operation] = operation_logs.waiting(conn, 10)
        assert operation.policy_id == policy.id
        checkpoints.add(operation.checkpoint_id)
        assert carry_out_inline(env, ctx, operation).status == "success"
    assert len(checkpoints) == 2
    asked = [call.path for call in env.demo.calls.find("network", "GET") if "/networks/" in call.path]
    assert asked
    assert len(asked) == len(set(asked))
