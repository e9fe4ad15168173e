"""The scheduler on an ordered clock: what is due is run once, whoever looks and whoever dies, and the rest says why."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from opencbr.model.errors import CbrError
from opencbr.model.lists import Page, PolicyRunFilter
from opencbr.service.context import Context, operator
from opencbr.service.policies import Policies
from opencbr.service.policy_runs import PolicyRuns
from opencbr.store import (
    backups,
    freshness,
    operation_logs,
    policies,
    resources,
    tables,
    vault_policies,
)
from opencbr.store.database import Database
from store.samples import OTHER, PROJECT
from support.policy_scene import DAY, DUE, HOUR, MINUTE, Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_a_policy_makes_no_backup_before_it_is_due_and_one_of_each_server_then(scene: Scene):
    policy, bound = scene.policy(servers=3)
    scene.round(DUE - MINUTE)
    assert scene.runs(policy) == []
    scene.round(DUE)
    assert scene.told(policy) == [("running", DUE)] * 3
    work = scene.work()
    assert {one.resource_id for one in work} == {one.id for one in bound}
    assert {(one.policy_id, one.user_id, one.operation_type) for one in work} == {(policy.id, "", "backup")}
    assert len({one.checkpoint_id for one in work}) == 1
    with scene.database.read() as conn:
        made = backups.get(conn, PROJECT, work[0].backup_id or "")
    assert made is not None
    assert made.name.startswith("autobk_")
    assert made.extend_info["auto_trigger"] is True
    for one in work:
        scene.end(one)
    scene.round(DUE + MINUTE)
    assert {(run.status, run.attempts) for run in scene.runs(policy)} == {("success", 1)}
    scene.round(DUE + DAY)
    assert [due for _, due in scene.told(policy)] == [DUE] * 3 + [DUE + DAY] * 3


def test_many_workers_fire_once(database: Database):
    scene = Scene(database, backups_at_once=5)
    policy, _ = scene.policy(servers=12)
    scene.clock.moment = DUE
    together = threading.Barrier(4)

    def look() -> None:
        scheduler = scene.scheduler()
        together.wait()
        for _ in range(3):
            scheduler.round()

    with ThreadPoolExecutor(4) as workers:
        looks = [workers.submit(look) for _ in range(4)]
    assert [one.exception() for one in looks] == [None] * 4
    assert len(scene.runs(policy)) == 12
    work = scene.work()
    assert len(work) == len({one.resource_id for one in work}) == 5, "never more than the cap"
    while work:
        for one in work:
            scene.end(one)
        scene.round()
        work = scene.work()
    assert scene.told(policy) == [("success", DUE)] * 12
    with database.read() as conn:
        assert len(conn.execute(select(tables.operation_log.c.id)).all()) == 12


def rounds(scene: Scene, count: int) -> None:
    for _ in range(count):
        scene.round()


class Killed(BaseException):
    """What a killed worker does: nothing more."""


def test_a_worker_that_dies_at_any_commit_leaves_the_rest_to_the_next(database: Database, monkeypatch):
    """After each of its transactions in turn; the other worker goes on, and each server is backed up once."""
    for commits in range(1, 8):
        scene = Scene(database, backups_at_once=2)
        policy, bound = scene.policy(servers=3, project=f"{commits:032x}")
        scene.clock.moment = DUE
        left = [commits]
        transact = Database.transact

        def dying(self: Database, work: Callable[..., Any]) -> Any:
            done = transact(self, work)
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return done

        with monkeypatch.context() as patch:
            patch.setattr(Database, "transact", dying)
            with pytest.raises(Killed):
                rounds(scene, commits)
        for _ in range(4):
            scene.round()
            for one in scene.work():
                scene.end(one)
        scene.round()
        assert scene.told(policy) == [("success", DUE)] * 3
        with database.read() as conn:
            logs = tables.operation_log
            mine = select(logs.c.resource_id).where(logs.c.project_id == policy.project_id)
            assert sorted(conn.execute(mine).scalars()) == sorted(one.id for one in bound)


def test_a_busy_server_waits_and_keeps_no_other_waiting(scene: Scene):
    policy, (busy, free) = scene.policy(servers=2)
    with scene.database.write() as conn:
        resources.set_status(conn, PROJECT, busy.id, "restoring")
    scene.round(DUE)
    assert [one.resource_id for one in scene.work()] == [free.id]
    with scene.database.write() as conn:
        resources.set_status(conn, PROJECT, busy.id, "available")
    scene.round(DUE + MINUTE)
    assert {one.resource_id for one in scene.work()} == {busy.id, free.id}
    assert {status for status, _ in scene.told(policy)} == {"running"}


def test_one_run_waits_at_most_and_the_other_says_that_it_was_missed(scene: Scene):
    policy, (busy,) = scene.policy()
    with scene.database.write() as conn:
        resources.set_status(conn, PROJECT, busy.id, "restoring")
    scene.change(tables.policy, policy.id, start_window_minutes=2880)
    scene.round(DUE)
    scene.round(DUE + DAY)
    assert scene.told(policy) == [("missed", DUE), ("waiting", DUE + DAY)]
    assert scene.runs(policy)[0].reason.startswith("the policy was due again")


def test_what_does_not_begin_in_its_window_is_missed(scene: Scene):
    policy, (busy,) = scene.policy(start_window_minutes=60)
    with scene.database.write() as conn:
        resources.set_status(conn, PROJECT, busy.id, "restoring")
    scene.round(DUE)
    scene.round(DUE + HOUR)
    assert scene.told(policy) == [("waiting", DUE)]
    scene.round(DUE + HOUR + MINUTE)
    assert scene.told(policy) == [("missed", DUE)]
    with scene.database.write() as conn:
        resources.set_status(conn, PROJECT, busy.id, "available")
    scene.round(DUE + 2 * HOUR)
    assert scene.work() == []


@pytest.mark.parametrize("run_missed", [True, False])
def test_times_that_no_worker_was_there_for_are_written_down_and_the_last_is_run_once_if_so_set(
    database: Database, run_missed: bool, caplog: pytest.LogCaptureFixture
):
    scene = Scene(database, run_missed=run_missed)
    policy, _ = scene.policy()
    with caplog.at_level(logging.WARNING, "opencbr.service.scheduler"):
        scene.round(DUE + 3 * DAY + 5 * HOUR)
    last = "running" if run_missed else "missed"
    assert scene.told(policy) == [("missed", DUE + day * DAY) for day in range(3)] + [(last, DUE + 3 * DAY)]
    assert scene.runs(policy)[-1].late is run_missed
    assert "was due 4 times" in caplog.text
    for one in scene.work():
        scene.end(one)
    scene.round(DUE + 4 * DAY - MINUTE)
    assert len(scene.runs(policy)) == 4
    scene.round(DUE + 4 * DAY)
    assert scene.told(policy)[-1] == ("running", DUE + 4 * DAY)


@pytest.mark.parametrize("run_missed", [True, False])
def test_what_was_bound_during_an_outage_has_missed_only_what_came_after(
    database: Database, run_missed: bool
):
    scene = Scene(database, run_missed=run_missed)
    policy, (before, between, after) = scene.policy(servers=3)
    scene.change(tables.resource, between.id, created_at=DUE + DAY + HOUR)
    scene.change(tables.resource, after.id, created_at=DUE + 2 * DAY + HOUR)
    scene.round(DUE + 2 * DAY + 5 * HOUR)
    told = {
        one.id: [run.due_at for run in scene.runs(policy) if run.resource_id == one.id]
        for one in (before, between, after)
    }
    assert told == {before.id: [DUE, DUE + DAY, DUE + 2 * DAY], between.id: [DUE + 2 * DAY], after.id: []}


@pytest.mark.parametrize("changes", [{"patterns": ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0",)}, {"enabled": False}])
def test_an_edit_during_an_outage_writes_down_what_was_due_before_it(scene: Scene, changes: dict[str, Any]):
    policy, _ = scene.policy()
    scene.clock.moment = DUE + DAY + 6 * HOUR
    Policies(scene.database, scene.settings).update(asked(scene), policy.id, changes)
    assert scene.told(policy) == [("missed", DUE), ("missed", DUE + DAY)]
    assert {run.reason.partition(",")[0] for run in scene.runs(policy)} == {
        "the policy was changed after this time"
    }
    scene.round()
    assert len(scene.runs(policy)) == 2, "an edit makes no backup"


def test_a_year_without_workers_writes_down_the_newest_times(scene: Scene):
    policy, _ = scene.policy(patterns=("FREQ=DAILY;BYHOUR=1,13;BYMINUTE=0",))
    scene.round(DUE + 366 * DAY)
    assert [status for status, _ in scene.told(policy)] == ["missed"] * 24 + ["running"]
    assert scene.told(policy)[-1][1] == DUE + 366 * DAY


def test_a_clock_that_goes_back_fires_nothing_twice(scene: Scene):
    policy, _ = scene.policy()
    scene.round(DUE + MINUTE)
    for back in (HOUR, DAY, 40 * DAY):
        scene.round(DUE + MINUTE - back)
    for minute in range(0, 60, 10):
        scene.round(DUE + minute * MINUTE)
    assert scene.told(policy) == [("running", DUE)]


def test_a_failed_run_is_tried_again_within_its_window_and_no_longer(scene: Scene):
    policy, _ = scene.policy(start_window_minutes=60)
    scene.round(DUE)
    for minute in range(0, 90, 5):
        for one in scene.work():
            scene.end(one, "failed")
        scene.round(DUE + minute * MINUTE)
    [run] = scene.runs(policy)
    assert (run.status, run.code, run.reason) == ("failed", "7100", "the server does not answer")
    assert run.attempts == 7, (
        "at 0 and 5, and from there on each has failed after five minutes and waited five more"
    )


def test_a_run_that_somebody_cancelled_is_not_tried_again(scene: Scene):
    policy, _ = scene.policy()
    scene.round(DUE)
    [work] = scene.work()
    with scene.database.write() as conn:
        operation_logs.request_cancel(conn, PROJECT, work.id, now=DUE)
    scene.end(work, "failed")
    scene.round(DUE + 10 * MINUTE)
    assert scene.told(policy) == [("failed", DUE)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"status": "frozen"}, "6113"),
        ({"status": "lock"}, "6113"),
        ({"status": "error"}, "6113"),
        ({"size_gb": 0}, "6114"),
    ],
)
def test_a_vault_that_takes_no_backups_is_asked_again_until_the_window_ends(
    scene: Scene, values: dict[str, Any], code: str
):
    policy, (bound,) = scene.policy(start_window_minutes=60)
    scene.change(tables.vault, bound.vault_id, **values)
    scene.round(DUE)
    [run] = scene.runs(policy)
    assert (run.status, run.code) == ("waiting", code)
    scene.round(DUE + HOUR + MINUTE)
    [run] = scene.runs(policy)
    assert (run.status, run.code) == ("failed", code)
    assert run.reason.startswith("it could not begin in its start window: ")
    assert bound.vault_id in run.reason
    with scene.database.read() as conn:
        assert freshness.summary(conn, PROJECT).last_run_failed == 1


def test_a_full_vault_that_is_enlarged_in_the_window_takes_its_backups(scene: Scene):
    policy, (bound,) = scene.policy()
    scene.change(tables.vault, bound.vault_id, size_gb=0)
    scene.round(DUE)
    assert scene.work() == []
    scene.change(tables.vault, bound.vault_id, size_gb=1000)
    scene.round(DUE + 10 * MINUTE)
    [run] = scene.runs(policy)
    assert (run.status, run.code, run.reason) == ("running", "", "")


def test_a_vault_that_is_full_until_the_policy_is_due_again_is_a_run_that_has_failed(scene: Scene):
    policy, (bound,) = scene.policy(start_window_minutes=2880)
    scene.change(tables.vault, bound.vault_id, size_gb=0)
    scene.round(DUE)
    scene.round(DUE + DAY)
    assert scene.told(policy) == [("failed", DUE), ("waiting", DUE + DAY)]
    assert scene.runs(policy)[0].reason.startswith("the policy was due again")


def test_what_was_taken_away_while_it_waited_says_so(scene: Scene):
    policy, (disabled,) = scene.policy()
    other, (unbound, left) = scene.policy(servers=2)
    for one in (disabled, unbound, left):
        with scene.database.write() as conn:
            resources.set_status(conn, PROJECT, one.id, "restoring")
    scene.round(DUE)
    with scene.database.write() as conn:
        policies.update(conn, PROJECT, policy.id, enabled=False, next_fire_at=None)
        resources.unbind(conn, PROJECT, left.id, left.vault_id)
    scene.round(DUE + MINUTE)
    assert [run.reason for run in scene.runs(policy)] == ["the policy was disabled"]
    with scene.database.write() as conn:
        vault_policies.unbind(conn, PROJECT, unbound.vault_id)
    scene.round(DUE + 2 * MINUTE)
    told = {run.resource_id: (run.status, run.reason) for run in scene.runs(other)}
    assert told == {
        left.id: ("skipped", "the resource has left the vault"),
        unbound.id: ("skipped", "the policy was taken from the vault"),
    }


def test_a_server_that_is_gone_is_looked_for_again_until_its_window_ends(scene: Scene):
    policy, (gone, there) = scene.policy(servers=2)
    scene.cloud.gone.add(gone.id)
    scene.round(DUE)
    assert [one.resource_id for one in scene.work()] == [there.id]
    scene.round(DUE + 2 * HOUR)
    [run] = [one for one in scene.runs(policy) if one.resource_id == gone.id]
    assert (run.status, run.code) == ("missed", "7100")
    assert run.reason.startswith("it could not begin in its start window: ")


def test_no_project_waits_for_another_that_has_a_thousand_times_more_to_do(database: Database):
    scene = Scene(database, backups_at_once=4)
    scene.policy(servers=40)
    small, _ = scene.policy(project=OTHER)
    scene.round(DUE)
    begun: list[str] = []
    while not any(status == "running" for status, _ in scene.told(small)):
        work = scene.work()
        assert len(work) <= 4
        begun += [one.id for one in work if one.id not in begun]
        scene.end(work[0])
        scene.round()
    assert len(begun) < 2 * 4


def test_the_spread_gives_each_server_the_same_place_every_night(database: Database):
    scene = Scene(database, spread_seconds=1800.0)
    policy, _ = scene.policy(servers=8)
    scene.round(DUE)
    first = {run.resource_id: run.not_before - DUE for run in scene.runs(policy)}
    assert len(set(first.values())) > 4
    assert max(first.values()) < timedelta(minutes=30)
    scene.round(DUE + 30 * MINUTE)
    for one in scene.work():
        scene.end(one)
    scene.round(DUE + DAY)
    tonight = {run.resource_id: run.not_before for run in scene.runs(policy) if run.due_at == DUE + DAY}
    assert tonight == {resource_id: DUE + DAY + place for resource_id, place in first.items()}


def test_a_spread_longer_than_the_interval_lets_every_server_run_each_time(database: Database):
    """Whoever has a late place in it would else be given up each time, since the policy is due again."""
    scene = Scene(database, spread_seconds=7200.0)
    policy, bound = scene.policy(servers=8, patterns=("FREQ=DAILY;BYHOUR=1,2,3,4;BYMINUTE=0",))
    for minute in range(0, 4 * 60, 10):
        scene.round(DUE + minute * MINUTE)
        for one in scene.work():
            scene.end(one)
    scene.round()
    hourly = [("success", DUE + hour * HOUR) for hour in range(3) for _ in bound]
    assert scene.told(policy)[: len(hourly)] == hourly
    begun = {run.not_before - run.due_at for run in scene.runs(policy)[: len(bound)]}
    assert max(begun) < HOUR / 2, "they share half of the hour that there is"
    assert len(begun) > 4


def test_a_late_run_has_its_place_before_the_policy_is_due_again(database: Database):
    scene = Scene(database, spread_seconds=7200.0)
    policy, _ = scene.policy(servers=8)
    scene.round(DUE + DAY - 30 * MINUTE)
    assert {run.late for run in scene.runs(policy)} == {True}
    assert max(run.not_before for run in scene.runs(policy)) < DUE + DAY


def test_a_policys_full_backup_interval_goes_to_the_job(scene: Scene):
    scene.policy(definition={"full_backup_interval": 3})
    scene.policy(definition={"full_backup_interval": 0})
    scene.policy()
    scene.round(DUE)
    told = {one.parameters.get("full_backup_interval") for one in scene.work()}
    assert told == {3, 0, None}, "the worker's counts where the policy has none"


def asked(scene: Scene, project: str = PROJECT) -> Context:
    return operator(project, scene.clock.now())


def test_run_now_begins_at_once_also_of_a_disabled_policy_and_waits_once(scene: Scene):
    policy, (bound,) = scene.policy()
    scene.change(tables.policy, policy.id, enabled=False, next_fire_at=None)
    use_case = PolicyRuns(scene.database, scene.settings)
    [run] = use_case.create(asked(scene), policy.id)
    scene.clock.moment += MINUTE
    assert [one.id for one in use_case.create(asked(scene), policy.id)] == [run.id]
    scene.round()
    [work] = scene.work()
    assert (work.policy_id, work.resource_id) == (policy.id, bound.id)
    [after] = use_case.list(asked(scene), policy.id, PolicyRunFilter(), Page(limit=10)).items
    assert (after.id, after.trigger, after.status, after.operation_log_id) == (
        run.id,
        "request",
        "running",
        work.id,
    )


def test_run_now_twice_at_one_moment_is_one_run_also_when_it_has_begun(scene: Scene):
    policy, _ = scene.policy()
    use_case = PolicyRuns(scene.database, scene.settings)
    [first] = use_case.create(asked(scene), policy.id)
    scene.round()
    [again] = use_case.create(asked(scene), policy.id)
    assert (again.id, again.status) == (first.id, "running")


def test_a_run_is_tried_again_or_asked_for_and_neither_is_lost(database: Database):
    """A run that has failed is to wait again while somebody asks for one: whoever comes second sees the other."""
    scene = Scene(database)
    policy, _ = scene.policy()
    scene.round(DUE)
    [work] = scene.work()
    scene.end(work, "failed")
    scene.clock.moment += MINUTE
    asking, may_end = threading.Event(), threading.Event()

    def ask(conn: Connection) -> str:
        [run] = PolicyRuns(database, scene.settings)._create(conn, asked(scene), policy.id)
        asking.set()
        assert may_end.wait(30)
        return run.id

    with ThreadPoolExecutor(2) as threads:
        wanted = threads.submit(database.transact, ask)
        assert asking.wait(30)
        followed = threads.submit(scene.scheduler().round)
        wait_for_a_writer(database)
        may_end.set()
        asked_for = wanted.result()
        assert followed.exception() is None
    scene.round()
    standing = {run.id: run.status for run in scene.runs(policy)}
    assert standing[asked_for] == "running"
    assert sorted(standing.values()) == ["failed", "running"]


def wait_for_a_writer(database: Database) -> None:
    """Wait until somebody waits for a row's lock. SQLite's writers take turns, whoever comes when."""
    if database.dialect != "postgresql":
        return
    blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(3000):
        with database.read() as conn:
            if conn.execute(blocked).scalar_one():
                return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits for the policy's row")


def test_run_now_of_nothing_and_of_another_project_is_refused(scene: Scene):
    policy, _ = scene.policy(servers=0)
    use_case = PolicyRuns(scene.database, scene.settings)
    with pytest.raises(CbrError, match="has a resource that follows it"):
        use_case.create(asked(scene), policy.id)
    for act in (
        lambda: use_case.create(asked(scene, OTHER), policy.id),
        lambda: use_case.list(asked(scene, OTHER), policy.id, PolicyRunFilter(), Page(limit=10)),
    ):
        with pytest.raises(CbrError, match="6000"):
            act()


def test_old_runs_go_as_old_operation_logs_do(scene: Scene):
    policy, _ = scene.policy()
    scene.round(DUE)
    for one in scene.work():
        scene.end(one)
    scene.round(DUE + MINUTE)
    scene.change(tables.policy, policy.id, next_fire_at=DUE + 31 * DAY)
    scene.round(DUE + 30 * DAY)
    assert scene.told(policy) == [("success", DUE)]
    scene.round(DUE + 31 * DAY)
    assert scene.told(policy) == [("running", DUE + 31 * DAY)]


def test_a_policy_that_cannot_be_read_here_keeps_no_other_from_firing(scene: Scene, caplog):
    broken, _ = scene.policy()
    good, _ = scene.policy()
    scene.change(tables.policy, broken.id, time_zone="Atlantis/Capital")
    with caplog.at_level(logging.ERROR, "opencbr.service.scheduler"):
        scene.round(DUE)
        scene.round(DUE + MINUTE)
    assert scene.told(good) == [("running", DUE)]
    assert "Atlantis/Capital" in caplog.text


def test_an_idle_scheduler_writes_nothing(scene: Scene, monkeypatch):
    scene.policy()

    def transact(self: Database, work: Callable[..., Any]) -> Any:
        raise AssertionError("there is nothing to write")

    monkeypatch.setattr(Database, "transact", transact)
    scene.round(DUE - MINUTE)
