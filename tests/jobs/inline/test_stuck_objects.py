"""An object that stays as it is for ever in the cloud keeps neither its server nor others waiting for long."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import LEFT, NOTES
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import QUICK, JobEnv


@pytest.fixture
def ctx(env: JobEnv, clock: WatchedClock) -> Iterator[JobContext]:
    """A job's tools with the settings as they ship."""
    ship = msgspec.structs.replace(
        QUICK, poll_seconds=2.0, backup_timeout_seconds=86400.0, release_timeout_seconds=1800.0
    )
    yield replace(job_context(env, settings=ship), clock=clock)
    env.demo.backend.failures.clear()


@pytest.mark.parametrize(("kind", "seconds"), [("backup", 3660), ("snapshot", 3600)])
def test_what_does_not_move_is_told_of_then_given_up_and_the_server_is_free(
    env: JobEnv, ctx: JobContext, clock: WatchedClock, kind: str, seconds: int
) -> None:
    env.demo.fail(f"{kind}.created", stick=True)
    bound = env.bind("web1")
    began = clock.now()
    log = carry_out_inline(env, ctx, env.request_backup(bound))
    assert log.status == "failed"
    (stuck,) = env.upstream(kind)
    assert stuck["status"] == "creating"
    (told,) = log.details[NOTES]
    assert told == f"{kind} {stuck['id']} is creating in the cloud, and nothing has moved there for 1800 s"
    assert f"{kind} {stuck['id']} is creating in the cloud, and nothing moved there for" in log.error_message
    assert any(stuck["id"] in sentence for sentence in log.details[LEFT])
    assert seconds < (clock.now() - began).total_seconds() < seconds + 200, (
        "the wait, and a minute to clean up"
    )
    resource = env.resource(bound)
    assert resource is not None
    assert resource.protect_status == "available"


def test_a_copy_that_cinder_shows_to_go_on_is_waited_for(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.fail("backup.created", stick=True)
    state = env.demo.backend.state
    until = clock.now() + timedelta(hours=2)  # twice what one that stands still is given

    def go_on() -> None:
        with state.change():
            for doc in state.all("backup"):
                over = clock.now() > until
                changed = {"updated_at": str(clock.now()), "status": "available" if over else doc["status"]}
                state.put("backup", doc | changed)

    clock.before_sleep = go_on
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert (log.status, log.details.get(NOTES)) == ("success", None)
    assert clock.now() > until


def test_cancelling_acts_within_a_poll_though_the_pauses_have_grown(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.fail("backup.created", stick=True)
    operation = env.request_backup(env.bind("web1"))
    from_here = clock.now() + timedelta(seconds=1500)
    cancelled = []

    def cancel() -> None:
        if clock.now() > from_here and not cancelled:
            env.cancel(operation)
            cancelled.append(clock.now())

    clock.before_sleep = cancel
    log = carry_out_inline(env, ctx, operation)
    assert log.error_message.startswith("step wait: cancelled by request")
    assert clock.now() - cancelled[0] < timedelta(seconds=2 + 60 + 10), "a poll, and a minute to clean up"
    assert env.upstream("backup")[0]["id"] in log.error_message


def test_a_failed_job_waits_a_minute_for_what_is_stuck_while_it_goes(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.faults.inject(service="volume", method="POST", path="/backups$", status=403, times=0)
    env.demo.fail("snapshot.deleted", stick=True)
    bound = env.bind("web1")
    began = clock.now()
    log = carry_out_inline(env, ctx, env.request_backup(bound))
    assert clock.now() - began < timedelta(seconds=100)
    (stuck,) = env.upstream("snapshot")
    assert stuck["status"] == "deleting"
    assert stuck["id"] in log.details[LEFT][0]
    resource = env.resource(bound)
    assert resource is not None
    assert resource.protect_status == "available"
    assert [entry.upstream_id for entry in env.ledger() if entry.state == "left"] == [stuck["id"]]


def test_a_good_backup_does_not_wait_for_a_snapshot_that_is_stuck_while_it_goes(
    env: JobEnv, ctx: JobContext, clock: WatchedClock, caplog: pytest.LogCaptureFixture
) -> None:
    env.demo.fail("snapshot.deleted", stick=True)
    bound = env.bind("web1")
    began = clock.now()
    log = carry_out_inline(env, ctx, env.request_backup(bound))
    assert clock.now() - began < timedelta(seconds=60)
    backup, resource = env.backup(log.backup_id), env.resource(bound)
    assert backup is not None
    assert resource is not None
    assert (log.status, backup.status, resource.protect_status) == ("success", "available", "available")
    (stuck,) = env.upstream("snapshot")
    assert stuck["status"] == "deleting"
    assert log.details[LEFT] == [f"snapshot {stuck['id']} (it was still there when time was up)"]
    env.demo.backend.failures.clear()
    state = env.demo.backend.state
    with state.change():
        state.put("snapshot", stuck | {"status": "available"})
    caplog.set_level(logging.INFO, "opencbr.jobs.duties")
    remove_leftovers(ctx)
    assert env.upstream("snapshot") == []
    assert [entry for entry in env.ledger() if entry.kind == "snapshot"] == []
    assert [line for line in caplog.messages if "was left by a job and is gone now" in line]


def test_a_round_of_the_janitor_waits_for_nothing_that_is_stuck(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    carry_out_inline(env, ctx, env.request_backup(env.bind("db1-data", "disk")))
    env.demo.faults.clear()
    assert len(env.upstream("snapshot")) == 2
    env.demo.fail("snapshot.deleted", stick=True)
    began = clock.now()
    remove_leftovers(ctx)
    assert clock.now() - began < timedelta(seconds=100)
    (stuck,) = env.upstream("snapshot")
    assert stuck["status"] == "deleting"
    assert [entry.upstream_id for entry in env.ledger() if entry.state == "left"] == [stuck["id"]]
