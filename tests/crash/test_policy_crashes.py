"""kill -9 of one of two workers right after a commit of what policies do: no run is lost or doubled, and the right ones go."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from opencbr.jobs.worker import DutyOf
from opencbr.model.ids import new_id
from opencbr.model.operation_log import BACKUP, DELETE
from opencbr.model.policy import Policy
from opencbr.model.vault import Resource
from opencbr.store import backups, operation_logs, policies, retention, tables, vault_policies
from support.job_env import PATIENT, JobEnv, eventually
from support.killed_worker import DIED, work_until
from support.policy_duties import CAP, retention_duty, scheduler_duty
from support.processes import Processes

pytestmark = pytest.mark.kill

DISKS = ("db1-root", "db1-data", "db1-archive", "web1-data", "café-文-root")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    timing = Timing(seconds=0.05, backup_seconds=0.1, seconds_per_gib=0.0)
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=timing) as cloud:
        yield cloud


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "errors.txt", restarted=True)
    yield processes
    processes.close()


def start_two(env: JobEnv, processes: Processes, place: str, duty: DutyOf) -> None:
    """Start two workers; whichever comes to the place first dies there, and the other goes on."""
    for name in ("w1", "w2"):
        given: dict[str, Any] = {"settings": PATIENT, "duties": (duty,)}
        processes.start(name, work_until, env.url, env.folder, name, place, **given)


def due_policy(env: JobEnv, vault_id: str, **definition: Any) -> Policy:
    """Give a vault a policy that is due since a minute."""
    now = env.clock.now()
    policy = Policy(
        id=new_id(now),
        project_id=env.project_id,
        name="nightly",
        patterns=("FREQ=DAILY;BYHOUR=01;BYMINUTE=00",),
        trigger_id=new_id(now),
        definition=definition,
        next_fire_at=now - timedelta(minutes=1),
        created_at=now - timedelta(days=1),
        updated_at=now,
    )
    with env.database.write() as conn:
        policies.insert(conn, policy)
        vault_policies.bind(conn, vault_id, policy)
    return policy


def logs(env: JobEnv, kind: str) -> list[tuple[str | None, str, str | None]]:
    """Resource, status and policy of each operation of a kind."""
    t = tables.operation_log.c
    with env.database.read() as conn:
        query = select(t.resource_id, t.status, t.policy_id).where(t.operation_type == kind)
        return [(row[0], row[1], row[2]) for row in conn.execute(query)]


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize(
    "place", ["service.scheduler.request_checkpoint", "service.scheduler.fire", "store.policy_runs.end"]
)
def test_a_firing_killed_anywhere_backs_each_disk_up_once(
    env: JobEnv, processes: Processes, place: str
) -> None:
    start_two(env, processes, place, scheduler_duty)
    first = env.bind(DISKS[0], "disk")
    bound = [first, *(env.bind(name, "disk", beside=first) for name in DISKS[1:])]
    policy = due_policy(env, first.vault_id)
    run = tables.policy_run.c

    def done() -> bool:
        with env.database.read() as conn:
            under_way = sum(operation_logs.under_way(conn, BACKUP).values())
            ended = conn.execute(select(run.id).where(run.ended_at.is_not(None))).all()
        assert under_way <= CAP
        return len(ended) == len(bound)

    eventually(done, "the end of all runs")
    assert (env.folder / DIED).exists(), "one of the two has died"
    with env.database.read() as conn:
        runs = conn.execute(select(run.resource_id, run.status, run.attempts)).all()
    each = sorted(one.id for one in bound)
    assert sorted(map(tuple, runs)) == [(id_, "success", 1) for id_ in each]
    assert sorted(map(str, logs(env, BACKUP))) == sorted(str((id_, "success", policy.id)) for id_ in each)
    assert len(env.posts("/backups$")) == len(bound), "none was made twice"
    env.assert_nothing_left(backups_left=len(bound))


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("place", ["service.retention.request_deletion", "store.retention.settle"])
def test_a_clean_up_killed_anywhere_deletes_what_it_should_and_no_more(
    env: JobEnv, processes: Processes, place: str
) -> None:
    start_two(env, processes, place, retention_duty)
    bound = env.bind("db1-data", "disk")
    made = automatic(env, bound, 4)
    policy = due_policy(env, bound.vault_id, max_backups=2)
    newest = env.backup(made[-1])
    assert newest is not None
    with env.database.write() as conn:
        retention.enter(conn, newest, env.clock.now())

    def done() -> bool:
        with env.database.read() as conn:
            due = retention.due(conn, 1)
        ended = [status for _, status, _ in logs(env, DELETE)]
        return not due and (env.folder / DIED).exists() and ended == ["success"] * 2

    eventually(done, "the end of the clean-up")
    assert {policy_id for _, _, policy_id in logs(env, DELETE)} == {policy.id}
    assert [env.backup(one) is not None for one in made] == [False, False, True, True]
    env.assert_nothing_left(backups_left=2)


def automatic(env: JobEnv, bound: Resource, count: int) -> list[str]:
    """Make full backups that pass for automatic ones; their ids, oldest first."""
    found = []
    for _ in range(count):
        log = env.request_backup(bound, incremental=False)
        env.succeeded(log)
        backup = env.backup(log.backup_id)
        assert backup is not None
        with env.database.write() as conn:
            told = {**backup.extend_info, "auto_trigger": True}
            backups.update(conn, env.project_id, backup.id, extend_info=told)
        found.append(backup.id)
    return found
