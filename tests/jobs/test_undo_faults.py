"""Every upstream call of a restore's undoing, with every kind of bad answer, once and for good: see `test_fault_matrix.py`."""

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
from support.bad_answers import (
    FAULTS,
    FOR_GOOD,
    VANISHED,
    Call,
    Runner,
    faults_in,
    strike_each,
    strike_for_good,
    waited,
)
from support.places import how_it_is, not_given_back, spoil

SERVER = "db1"


def restored(runner: Runner) -> tuple[OperationLog, dict[str, str]]:
    """Back up the root and one data disk, spoil them and restore; the restore, and what they held before it."""
    env = runner.env
    archive = env.volume_id("db1-archive")
    log = runner.run(env.request_backup(env.bind(SERVER, exclude=(archive,))))
    assert log.status == "success", log.error_message
    volumes = spoil(env, SERVER).keys() - {archive}
    spoilt = {volume: env.demo.sha256(volume) for volume in volumes}
    restore = runner.run(env.request_restore(log.backup_id or ""))
    assert restore.status == "success", restore.error_message
    return restore, spoilt


def digests(runner: Runner, volumes: dict[str, str]) -> dict[str, str]:
    return {volume: runner.env.demo.sha256(volume) for volume in volumes}


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """The calls of undoing the restore of a running server."""
    return runner.calls_of_job(lambda runner: runner.env.request_undo(restored(runner)[0]))


def test_the_recorded_run_knows_its_calls_by_name(calls: list[Call]) -> None:
    told = " ".join(map(str, calls))
    for word in ("action", "os-volume_attachments", "volumes/@/action", "snapshots/@", "snapshots/detail"):
        assert f"/{word}" in told, (word, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_undoing_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    runner, env = kept_runner, kept_runner.env
    was = how_it_is(env, SERVER)
    restore, spoilt = restored(runner)
    operation = env.request_undo(restore)
    struck = strike_each(runner, calls, fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    assert how_it_is(env, SERVER) == was
    assert digests(runner, spoilt) == spoilt
    remove_leftovers(runner.ctx(env.cloud))
    assert env.upstream("snapshot") == []


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_an_undoing_ends_well_or_in_an_error_that_tells_and_can_be_asked_for_again(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    bad = {str(call): judge(kept_runner, call, fault) for call in calls}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(runner: Runner, call: Call, fault: str) -> list[str]:
    env = runner.env
    with env.cloud_kept():
        was = how_it_is(env, SERVER)
        restore, spoilt = restored(runner)
        operation = env.request_undo(restore)
        struck = strike_for_good(runner, call, fault)
        log = runner.run(operation)
        env.demo.faults.clear()
        wrong = waited(log, call, fault)
        if log.status == "failed":
            named = any(
                f"{one}, which was written over, was deleted" in log.error_message for one in struck.gone
            )
            wrong += [] if named else faults_in(log, call, fault)
            now = not_given_back(env, SERVER, was, off_too=True, gone=struck.gone)
            if now and "still in the cloud" not in log.error_message:
                wrong.append(f"it is not given back, and nobody is told: {now}")
        if not struck.gone:  # of what has vanished nothing is to be had back
            wrong += not_had_back(runner, restore, log, spoilt)
        runner.clock.sleep(86_400.0 * 2)  # longer than a way back is kept
        remove_leftovers(runner.ctx(env.cloud))
        if env.upstream("snapshot"):
            wrong.append("a snapshot is left for ever")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong


def not_had_back(
    runner: Runner, restore: OperationLog, log: OperationLog, spoilt: dict[str, str]
) -> list[str]:
    """Say what is not as before the restore once its undoing, where it failed, was asked for again."""
    wrong = []
    if log.status == "failed":
        again = runner.run(runner.env.request_undo(restore))
        if again.status != "success":
            wrong.append(f"asked for again it ended so: {again.error_message}")
    if digests(runner, spoilt) != spoilt:
        wrong.append("the disks do not hold what they held before the restore")
    return wrong
