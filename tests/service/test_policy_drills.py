"""Policies that drill, on an ordered clock: whose turn it is, that each run is one drill, and what comes of it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opencbr.model.drill import Drill
from opencbr.model.policy import Policy
from opencbr.model.vault import VOLUME, Resource
from opencbr.service.context import operator
from opencbr.service.drills import Drills
from opencbr.service.policy_runs import PolicyRuns
from opencbr.store import (
    backups,
    checkpoints,
    drills,
    operation_logs,
    resources,
    tables,
    vault_policies,
)
from opencbr.store import policies as policy_rows
from opencbr.store.database import Database
from store.samples import PROJECT, backup, checkpoint, ident, keep, resource
from store.samples import vault as vault_row
from support.policy_scene import DAY, DUE, HOUR, MINUTE, Scene


class Drilled(Scene):
    """A scene whose servers have backups: a complete one, and newer ones that are none."""

    def __init__(self, database: Database, **settings: Any) -> None:
        super().__init__(database, **settings)
        self.newest: dict[str, str] = {}

    def drills_of(self, servers: int = 1, *, sample: int = 1, **fields: Any) -> tuple[Policy, list[Resource]]:
        definition = {"drill_sample": sample}
        policy, bound = self.policy(servers, operation_type="drill", definition=definition, **fields)
        for one in bound:
            self.back_up(one)
        return policy, bound

    def back_up(self, one: Resource) -> None:
        home = vault_row(id=one.vault_id, project_id=one.project_id)
        point = checkpoint(home)
        about = {"resource_id": one.id, "resource_name": one.name}
        made = [
            backup(point, status=status, created_at=DUE - age * HOUR, **about)
            for age, status in enumerate(("error", "protecting", "available", "available"), 1)
        ]
        self.newest[one.id] = made[2].id
        with self.database.write() as conn:
            checkpoints.insert(conn, point)
            keep(conn, *made)

    def tell(self, drill_id: str, status: str = "success", code: str = "", reason: str = "") -> None:
        """Write what the job of a drill writes in the end."""
        verdict = {"success": "passed", "skipped": "skipped"}.get(status, "failed")
        now = self.clock.moment
        with self.database.write() as conn:
            found = drills.get(conn, PROJECT, drill_id)
            assert found is not None
            backups.move(conn, PROJECT, found.backup_id, to="restoring", updated_at=now)
            backups.move(conn, PROJECT, found.backup_id, to="available", updated_at=now)
            drills.end(conn, drill_id, verdict, reason, now=now)
            operation_logs.finish(conn, drill_id, status, code, reason, now=now)  # type: ignore[arg-type]

    def drilled(self) -> list[Drill]:
        """All drills, in the order in which they were asked for."""
        with self.database.read() as conn:
            ids = conn.execute(select(tables.drill.c.id).order_by(tables.drill.c.created_at)).scalars().all()
            found = [drills.get(conn, PROJECT, one) for one in ids]
        return [one for one in found if one is not None]


@pytest.fixture
def scene(database: Database) -> Drilled:
    return Drilled(database)


def test_each_time_the_least_recently_tested_servers_are_tried_with_their_newest_backups(scene: Drilled):
    policy, bound = scene.drills_of(3, sample=2)
    scene.round(DUE - MINUTE)
    assert scene.drilled() == []
    turns: list[set[str]] = []
    for week in range(3):
        before = len(scene.drilled())
        scene.round(DUE + week * DAY)
        made = scene.drilled()[before:]
        assert {one.backup_id for one in made} <= {*scene.newest.values()}
        turns.append({one.resource_id for one in made})
        for one in made:
            scene.tell(one.id)
        scene.round(DUE + week * DAY + MINUTE)
    assert [len(one) for one in turns] == [2, 2, 2]
    assert turns[0] | turns[1] == turns[1] | turns[2] == {one.id for one in bound}
    runs = scene.runs(policy)
    assert {(run.status, run.operation_type, run.attempts) for run in runs} == {("success", "drill", 1)}
    assert {run.operation_log_id for run in runs} == {one.id for one in scene.drilled()}
    assert {run.backup_id for run in runs} <= {*scene.newest.values()}
    with scene.database.read() as conn:
        logs = [operation_logs.get(conn, PROJECT, one.id) for one in scene.drilled()]
        assert conn.execute(select(tables.retention_due)).all() == [], "nothing is cleaned up after a drill"
    assert {(log.operation_type, log.policy_id, log.user_id) for log in logs if log} == {
        ("drill", policy.id, "")
    }
    assert {log.request_id.partition("-")[0] for log in logs if log} == {"scheduler"}


def test_many_workers_make_one_drill_a_server_and_no_more_than_may_be(database: Database):
    scene = Drilled(database, drills_at_once=3)
    policy, _ = scene.drills_of(5, sample=5)
    scene.clock.moment = DUE
    together = threading.Barrier(3)

    def look() -> None:
        scheduler = scene.scheduler()
        together.wait()
        for _ in range(3):
            scheduler.round()

    with ThreadPoolExecutor(3) as workers:
        looks = [workers.submit(look) for _ in range(3)]
    assert [one.exception() for one in looks] == [None] * 3
    assert len(scene.drilled()) == len({one.resource_id for one in scene.drilled()}) == 3
    for one in scene.drilled():
        scene.tell(one.id)
    scene.round()
    assert len(scene.drilled()) == 5
    assert sorted(status for status, _ in scene.told(policy)) == ["running"] * 2 + ["success"] * 3


@pytest.mark.parametrize(
    ("status", "reason", "ends"),
    [
        ("failed", "disk db1-data: it is not there", "failed"),
        ("skipped", "Cinder: 5 volumes are wanted, 4 are left", "skipped"),
    ],
)
def test_what_a_drill_has_found_is_the_run_s_end(scene: Drilled, status: str, reason: str, ends: str):
    policy, _ = scene.drills_of()
    scene.round(DUE)
    [drill] = scene.drilled()
    scene.tell(drill.id, status, "8300", reason)
    scene.round(DUE + 10 * MINUTE)
    [run] = scene.runs(policy)
    assert (run.status, run.code, run.reason, run.attempts) == (ends, "8300", reason, 1)
    assert len(scene.drilled()) == 1, "it is not tried again"


def test_no_two_drills_of_a_server_are_under_way(scene: Drilled):
    policy, (server,) = scene.drills_of()
    by_hand = Drills(scene.database).create(
        operator(PROJECT, scene.clock.moment), backup_id=scene.newest[server.id]
    )
    scene.round(DUE)
    assert scene.told(policy) == [("waiting", DUE)]
    assert scene.drilled() == [by_hand]
    scene.tell(by_hand.id)
    scene.round(DUE + 10 * MINUTE)
    assert len(scene.drilled()) == 2


def test_a_backup_that_is_being_restored_waits_and_is_missed_in_the_end(scene: Drilled):
    policy, (server,) = scene.drills_of(start_window_minutes=60)
    with scene.database.write() as conn:
        backups.move(conn, PROJECT, scene.newest[server.id], to="waiting_restore", updated_at=DUE)  # type: ignore[arg-type]
    scene.round(DUE)
    [run] = scene.runs(policy)
    assert (run.status, run.code) == ("waiting", "2010")
    scene.round(DUE + HOUR + MINUTE)
    [run] = scene.runs(policy)
    assert run.status == "missed"
    assert "wait for that restore to end" in run.reason


def test_a_server_without_a_backup_is_the_last_one_and_says_so(scene: Drilled):
    policy, (server,) = scene.drills_of(sample=2)
    bare, disk = (
        resource(vault_row(id=server.vault_id), name=name, **more)
        for name, more in (("bare", {}), ("disk", {"type": VOLUME}))
    )
    with scene.database.write() as conn:
        resources.bind(conn, bare)
        resources.bind(conn, disk)
    scene.round(DUE)
    found = {run.resource_id: run for run in scene.runs(policy)}
    assert found.keys() == {server.id, bare.id}, "a disk is not drilled"
    assert found[server.id].status == "running"
    assert (found[bare.id].status, found[bare.id].code) == ("skipped", "6200")
    assert "no finished backup in the vault" in found[bare.id].reason


def test_times_without_a_worker_are_missed_and_the_last_is_run_late(scene: Drilled):
    policy, _ = scene.drills_of()
    scene.round(DUE + 2 * DAY + 2 * HOUR)
    assert scene.told(policy) == [("missed", DUE), ("missed", DUE + DAY), ("running", DUE + 2 * DAY)]
    assert [run.late for run in scene.runs(policy)] == [False, False, True]
    assert len(scene.drilled()) == 1


def test_a_vault_has_a_policy_of_each_kind_and_one_does_not_hold_up_the_other(scene: Drilled):
    policy, (server,) = scene.drills_of()
    nightly = Policy(
        id=ident(),
        project_id=PROJECT,
        name="nightly",
        patterns=policy.patterns,
        trigger_id=ident(),
        next_fire_at=DUE,
        created_at=DUE - DAY,
        updated_at=DUE - DAY,
    )
    with scene.database.write() as conn:
        policy_rows.insert(conn, nightly)
        vault_policies.bind(conn, server.vault_id, nightly)
    scene.round(DUE)
    assert scene.told(policy) == scene.told(nightly) == [("running", DUE)]
    assert sorted(one.operation_type for one in scene.work()) == ["backup", "drill"]


def test_a_policy_of_drills_is_run_now(scene: Drilled):
    policy, _ = scene.drills_of(enabled=False)
    runs = PolicyRuns(scene.database, scene.settings)
    ctx = operator(PROJECT, DUE - timedelta(hours=3))
    [run] = runs.create(ctx, policy.id)
    assert (run.operation_type, run.trigger) == ("drill", "request")
    scene.round(DUE - timedelta(hours=3))
    assert len(scene.drilled()) == 1
