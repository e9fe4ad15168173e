"""A cloud that is away for a while, at each step of a backup: the step waits, tells once, and goes on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import LEFT, NOTES
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import QUICK, JobEnv

AWAY = 20
"""Calls that get no answer: each is asked three times before its step hears of it."""


@pytest.fixture
def ctx(env: JobEnv, clock: WatchedClock) -> Iterator[JobContext]:
    settings = CloudSettings(
        cloud="opencbr",
        config_files=(str(env.clouds_file),),
        timeout_seconds=5,
        retries=2,
        connections=4,
    )
    cloud = Cloud(settings, clock)
    patient = msgspec.structs.replace(
        QUICK,
        poll_seconds=1.0,
        patience_seconds=600.0,
        backup_timeout_seconds=9000.0,
        release_timeout_seconds=1800.0,
    )
    yield replace(job_context(env, settings=patient), cloud=cloud, clock=clock)
    cloud.close()


@pytest.mark.parametrize(
    "call",
    [
        "capture compute GET ",
        "snapshots volume POST /snapshots$",
        "recapture compute GET /os-interface",
        "backups volume POST /backups$",
        "wait volume GET /backups",
        "export volume GET /export_record",
    ],
)
def test_a_backup_outlasts_an_outage_at_any_step(env: JobEnv, ctx: JobContext, call: str) -> None:
    step, service, method, path = call.split(" ")
    # The second reading comes after what the first one asks of the same call.
    after = 1 if step == "recapture" else 0
    struck = env.demo.faults.inject(
        service=service, method=method, path=path, status=503, times=AWAY, after=after
    )
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert (log.status, log.error_message) == ("success", "")
    assert struck.hits == AWAY
    assert len(env.posts("/snapshots$")) == 1 == len(env.posts("/backups$")), "none made twice"
    env.assert_nothing_left(backups_left=1)
    if step != "wait":  # that waits anyway
        (told,) = log.details[NOTES]
        assert told.startswith(f"step {step} waits for the cloud: {service} {method} ")


@pytest.mark.parametrize("status", [503, 403])
def test_a_good_backup_does_not_wait_for_a_cloud_that_does_not_delete_its_snapshots(
    env: JobEnv, ctx: JobContext, clock: WatchedClock, status: int
) -> None:
    away = env.demo.faults.inject(
        service="volume", method="DELETE", path="/snapshots/", status=status, times=0
    )
    began = clock.now()
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert (log.status, log.error_message) == ("success", "")
    assert clock.now() - began < timedelta(seconds=120)
    assert away.hits
    (left,) = log.details[LEFT]
    assert env.upstream("snapshot")[0]["id"] in left
    env.demo.faults.clear()
    remove_leftovers(ctx)
    env.assert_nothing_left(backups_left=1)


def test_an_outage_that_stays_ends_the_job_when_patience_is_over(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.faults.inject(service="compute", status=503, times=0)
    began = clock.now()
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert log.status == "failed"
    assert "step capture: compute GET " in log.error_message
    assert timedelta(seconds=600) < clock.now() - began < timedelta(seconds=900)
    assert len(log.details[NOTES]) == 1


def test_what_may_never_have_been_made_is_not_called_left(env: JobEnv, ctx: JobContext) -> None:
    """The snapshot is planned, and neither it nor a look for it is allowed."""
    env.demo.faults.inject(service="volume", path="/snapshots", status=403, times=0)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert log.status == "failed"
    (entry,) = env.ledger()
    assert entry.name not in log.error_message
    assert LEFT not in log.details


def test_what_was_made_without_an_answer_is_called_left_once_it_is_found(
    env: JobEnv, ctx: JobContext
) -> None:
    """The answer to the creation is lost, the first look for it refused; the second one finds it."""
    faults = env.demo.faults
    faults.inject(service="volume", method="POST", path="/snapshots$", drop="after")
    faults.inject(service="volume", method="GET", path="/snapshots/detail", status=403)
    faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert log.status == "failed"
    (made,) = env.upstream("snapshot")
    (left,) = log.details[LEFT]
    assert left.startswith(f"snapshot {made['id']} (volume DELETE ")
    assert f"still in the cloud: {left}" in log.error_message


def test_a_job_that_waits_for_the_cloud_can_be_cancelled(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.faults.inject(service="compute", status=503, times=0)
    operation = env.request_backup(env.bind("web1"))

    def cancel() -> None:
        if env.log(operation).details.get(NOTES):
            clock.before_sleep = lambda: None
            env.cancel(operation)
            cancelled.append(clock.now())

    cancelled: list[object] = []
    clock.before_sleep = cancel
    log = carry_out_inline(env, ctx, operation)
    assert cancelled
    assert log.error_message.startswith("step capture: cancelled by request")
    assert clock.now() - cancelled[0] < timedelta(seconds=10), "a poll, and the clean-up"
