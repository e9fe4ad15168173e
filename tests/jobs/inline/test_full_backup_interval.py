"""How long a chain of incrementals may grow."""

from dataclasses import replace

import msgspec
import pytest

from opencbr.jobs.backup.job import run_backup
from opencbr.model.operation_log import FULL_INTERVAL
from support.inline_job import job_context, run_inline
from support.job_env import QUICK, JobEnv
from support.job_steps import disk_of


@pytest.mark.parametrize(
    ("interval", "incremental"),
    [(1, [False, False, False]), (2, [False, True, False]), (3, [False, True, True])],
)
def test_a_chain_holds_so_many_backups_the_full_one_included(
    env: JobEnv, interval: int, incremental: list[bool]
) -> None:
    ctx = job_context(env, settings=msgspec.structs.replace(QUICK, full_backup_interval=interval))
    bound = env.bind("db1-data", "disk")
    made = []
    for _ in incremental:
        operation = env.request_backup(bound)
        run_inline(run_backup, ctx, operation)
        env.succeeded(operation)
        made.append(disk_of(env, operation.backup_id or "").is_incremental)
    assert made == incremental


@pytest.mark.parametrize(
    ("policys", "incremental"),
    [(3, [False, True, True]), (0, [False, True, True]), (-1, [False, True, True])],
)
def test_a_policys_interval_counts_where_it_has_one_also_against_a_shorter_one_of_the_worker(
    env: JobEnv, policys: int, incremental: list[bool]
) -> None:
    ctx = job_context(env, settings=msgspec.structs.replace(QUICK, full_backup_interval=1))
    bound = env.bind("db1-data", "disk")
    made = []
    for _ in incremental:
        operation = env.request_backup(bound)
        operation = replace(operation, parameters={**operation.parameters, FULL_INTERVAL: policys})
        run_inline(run_backup, ctx, operation)
        env.succeeded(operation)
        made.append(disk_of(env, operation.backup_id or "").is_incremental)
    assert made == incremental
