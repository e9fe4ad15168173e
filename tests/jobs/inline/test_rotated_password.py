"""The service user's password is changed while jobs are under way: they wait until clouds.yaml has the new one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud.faults import Fault
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import LEFT, NOTES
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import QUICK, JobEnv
from support.passwords import password_to_rotate, set_password, write_password

LONG = timedelta(minutes=2)
"""Longer than any patience that these jobs have with a cloud that is away."""


@pytest.fixture
def ctx(env: JobEnv, clock: WatchedClock) -> Iterator[JobContext]:
    cloud = Cloud(CloudSettings(config_files=(str(env.clouds_file),), retries=2), clock)
    settings = msgspec.structs.replace(QUICK, poll_seconds=1.0, backup_timeout_seconds=9000.0)
    with password_to_rotate(env.demo, env.clouds_file):
        yield replace(job_context(env, settings=settings), cloud=cloud, clock=clock)
    cloud.close()


def rotate_at(env: JobEnv, clock: WatchedClock, *, after: Callable[[], bool], then: Callable[[], None]):
    """Change the password in Keystone once `after`; later, when all patience is over, do what comes `then`."""
    rotated: list = []

    def step() -> None:
        if not rotated and after():
            set_password(env.demo, "a new one")
            env.demo.faults.clear()
            rotated.append(clock.now())
        elif rotated and clock.now() - rotated[0] > LONG:
            clock.before_sleep = lambda: None
            then()

    clock.before_sleep = step
    return rotated


def rotate_once_met(env: JobEnv, clock: WatchedClock, held: Fault):
    """Change the password once the fault was met; later the file has the new one."""
    return rotate_at(
        env, clock, after=lambda: held.hits > 0, then=lambda: write_password(env.clouds_file, "a new one")
    )


CALLS = {
    "capture": ("compute", "GET", "/servers/"),
    "snapshots": ("volume", "POST", "/snapshots$"),
    "backups": ("volume", "POST", "/backups$"),
    "wait": ("volume", "GET", "/backups"),
}


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("step", CALLS)
def test_a_backup_waits_for_the_new_password(
    env: JobEnv, ctx: JobContext, clock: WatchedClock, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    service, method, path = CALLS[step]
    held = env.demo.faults.inject(service=service, method=method, path=path, status=503, times=0)
    rotated = rotate_once_met(env, clock, held)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert (log.status, log.error_message) == ("success", "")
    assert clock.now() - rotated[0] > LONG
    (told,) = [one for one in log.details[NOTES] if "credential" in one]
    assert "Keystone refuses the service's credential" in told
    assert "role" not in told
    # The log is the tenant's: where the credential stands and whose it is, is for the operator's.
    assert not [word for word in (str(env.clouds_file), "user opencbr") if word in str(log)]
    env.assert_nothing_left(backups_left=1)
    said = [r.message for r in caplog.records if r.name == "opencbr.cloud.credential"]
    assert f"cloud opencbr in {env.clouds_file} (user opencbr)" in said[0]
    assert [
        word
        for one in said
        for word in ("refuses", "has been read again", "accepts")
        if word in one.partition(":")[0]
    ] == ["refuses", "has been read again", "accepts"], said


def test_a_good_backup_waits_for_no_password(env: JobEnv, ctx: JobContext, clock: WatchedClock) -> None:
    held = env.demo.faults.inject(service="volume", method="DELETE", path="/snapshots/", status=503, times=0)
    rotated = rotate_once_met(env, clock, held)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert (log.status, log.error_message) == ("success", "")
    assert rotated
    assert clock.now() - rotated[0] < LONG
    (left,) = log.details[LEFT]
    assert "Keystone refuses the service's credential" in left
    write_password(env.clouds_file, "a new one")
    remove_leftovers(ctx)
    env.assert_nothing_left(backups_left=1)


def test_keystone_is_not_asked_on_and_on_with_what_it_refused(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    held = env.demo.faults.inject(service="compute", status=503, times=0)
    rotate_at(
        env,
        clock,
        after=lambda: held.hits > 0,
        then=lambda: write_password(env.clouds_file, "a new one"),
    )
    carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    refused = [row for row in env.demo.calls.find("identity", "POST", "/auth/tokens") if row.status == 401]
    assert 1 < len(refused) <= 2 * (LONG.total_seconds() / 30 + 2)


def test_a_deletion_waits_for_the_new_password(env: JobEnv, ctx: JobContext, clock: WatchedClock) -> None:
    made = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    held = env.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=503, times=0)
    rotate_at(
        env,
        clock,
        after=lambda: held.hits > 0,
        then=lambda: write_password(env.clouds_file, "a new one"),
    )
    log = carry_out_inline(env, ctx, env.request_deletion(made.backup_id or ""))
    assert (log.status, log.error_message) == ("success", "")
    env.assert_nothing_left()


def test_who_cancels_does_not_wait_for_the_password(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    held = env.demo.faults.inject(service="volume", method="POST", path="/backups$", status=503, times=0)
    operation = env.request_backup(env.bind("web1"))
    rotate_at(env, clock, after=lambda: held.hits > 0, then=lambda: env.cancel(operation))
    log = carry_out_inline(env, ctx, operation)
    assert log.error_message.startswith("step backups: cancelled by request; still in the cloud: ")
    assert "snapshot " in log.error_message
    assert all("the service's credential" in one for one in log.details[LEFT])


def test_a_role_that_is_missing_is_no_refused_credential(env: JobEnv, ctx: JobContext) -> None:
    # Its own sign-in goes well, the tenant's does not, nor once more after another of its own.
    for after in (1, 3):
        env.demo.faults.inject(
            service="identity", method="POST", path="/auth/tokens", status=401, after=after, times=1
        )
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert log.status == "failed"
    assert f"has no role on project {env.project_id}" in log.error_message
    env.assert_nothing_left()
