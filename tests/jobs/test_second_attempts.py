"""A Cinder backup that is accepted and ends in `error`: what can still be done is done in the same run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opencbr.democloud.disks import GIB
from opencbr.model.operation_log import FULL_INSTEAD, NOTES
from support.job_env import JobEnv, eventually
from support.job_steps import backed_up, disk_of

pytestmark = pytest.mark.usefixtures("worker")


@contextmanager
def grown(env: JobEnv, name: str) -> Iterator[None]:
    """A volume one GiB larger than it was."""
    volume_id = env.volume_id(name)
    state, disks = env.demo.backend.state, env.demo.backend.disks

    def resize(by: int) -> None:
        with state.change():
            doc = state.get("volume", volume_id)
            assert doc is not None
            disks.create(volume_id, (doc["size"] + by) * GIB)
            state.put("volume", doc | {"size": doc["size"] + by})

    resize(1)
    yield
    resize(-1)


def incrementals(env: JobEnv) -> list[bool]:
    """Of each backup in the cloud whether it is an incremental one, oldest first."""
    return [doc["parent_id"] is not None for doc in env.upstream("backup")]


def test_a_disk_that_grew_is_backed_up_in_full_at_once_and_the_log_says_why(env: JobEnv) -> None:
    bound = env.bind("db1-data", "disk")
    backed_up(env, bound)
    with grown(env, "db1-data"):
        operation = env.request_backup(bound)
        log = env.succeeded(operation)
        assert incrementals(env) == [False, False]
        assert len(env.posts("/backups$")) == 2, "no incremental was even asked for"
        (why,) = log.details[FULL_INSTEAD].values()
        assert why.startswith(
            "a full backup is made instead of an incremental one: the volume has 2 GiB now, and 1"
        )
        disk = disk_of(env, operation.backup_id or "")
        assert (disk.is_incremental, disk.based_on, disk.resource_size) == (False, None, 2)
        third = env.request_backup(bound)
        assert FULL_INSTEAD not in env.succeeded(third).details
        assert incrementals(env) == [False, False, True], "and the next one builds on it"


@pytest.mark.parametrize(
    "reason", ["Hash block size has changed since the last backup.", "cannot read parent"]
)
def test_an_incremental_that_ends_in_error_is_made_anew_in_full(env: JobEnv, reason: str) -> None:
    bound = env.bind("web1")
    (first,) = backed_up(env, bound)
    env.demo.fail("backup.created", reason=reason)
    operation = env.request_backup(bound)
    log = env.succeeded(operation)
    assert incrementals(env) == [False, False]
    assert len(env.posts("/backups$")) == 3
    (why,) = log.details[FULL_INSTEAD].values()
    assert reason.split(maxsplit=1)[0] in why
    assert "req-" in why
    (disk,) = env.disks(operation.backup_id)
    assert (disk.is_incremental, disk.based_on, disk.stored_mb) == (False, None, 1024)
    env.assert_nothing_left(backups_left=2)
    env.succeeded(env.request_deletion(first))
    assert len(env.upstream("backup")) == 1, "nothing stands on the first one"


def test_a_full_backup_that_ends_in_error_too_ends_the_job_with_that_reason(env: JobEnv) -> None:
    bound = env.bind("web1")
    backed_up(env, bound)
    env.demo.fail("backup.created", times=2, reason="the store is full")
    operation = env.request_backup(bound)
    log = env.ended(operation)
    assert log.status == "failed"
    assert "the store is full" in log.error_message
    env.assert_nothing_left(backups_left=1)


class Mover:
    """The cloud's cinder-backup."""

    def __init__(self, env: JobEnv) -> None:
        self._state = env.demo.backend.state
        with self._state.change():
            self._doc: dict[str, Any] = self._state.get("cinder-service", "cinder-backup") or {}

    def is_(self, word: str) -> None:
        with self._state.change():
            self._state.put("cinder-service", self._doc | {"state": word})


@pytest.fixture
def mover(env: JobEnv) -> Iterator[Mover]:
    mover = Mover(env)
    yield mover
    mover.is_("up")


def test_a_backup_requested_while_the_mover_is_down_waits_for_it(env: JobEnv, mover: Mover) -> None:
    mover.is_("down")
    operation = env.request_backup(env.bind("web1"))
    eventually(lambda: env.log(operation).details.get(NOTES), "it tells what it waits for")
    assert env.upstream("backup") == []
    mover.is_("up")
    log = env.succeeded(operation)
    assert log.details[NOTES] == ["cinder-backup is down: the backup is made when it is up again"]
    env.assert_nothing_left(backups_left=1)


def test_a_wait_for_the_mover_can_be_cancelled(env: JobEnv, mover: Mover) -> None:
    mover.is_("down")
    operation = env.request_backup(env.bind("web1"))
    eventually(lambda: env.log(operation).details.get(NOTES), "it waits")
    env.cancel(operation)
    env.assert_failed_cleanly(operation, "step backups: cancelled by request")


@pytest.mark.parametrize(
    "reason",
    [
        "incomplete backup reset on manager restart",
        "Create backup aborted, expected snapshot status backing-up but got available.",
    ],
)
def test_a_mover_that_began_anew_meanwhile_costs_another_attempt_and_no_full_backup(
    env: JobEnv, reason: str
) -> None:
    bound = env.bind("web1")
    backed_up(env, bound)
    env.demo.fail("backup.created", times=2, reason=reason)
    log = env.succeeded(env.request_backup(bound))
    assert incrementals(env) == [False, True]
    assert len(env.posts("/backups$")) == 4
    assert FULL_INSTEAD not in log.details
    assert len(log.details[NOTES]) == 2
    env.assert_nothing_left(backups_left=2)
