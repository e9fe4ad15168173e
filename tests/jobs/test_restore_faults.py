"""Every upstream call of a restore in place, with every kind of bad answer, once and for good: see `test_fault_matrix.py`."""

import pytest

from opencbr.jobs.duties import remove_leftovers
from support.bad_answers import (
    FAULTS,
    FOR_GOOD,
    VANISHED,
    Call,
    Runner,
    faults_in,
    never_met,
    strike_each,
    strike_for_good,
    waited,
)
from support.places import how_it_is, not_given_back, spoil

SERVER = "db1"


def backed_up(runner: Runner) -> str:
    """Back up the root and one data disk: more would be more of the same calls."""
    log = runner.run(
        runner.env.request_backup(runner.env.bind(SERVER, exclude=(runner.env.volume_id("db1-archive"),)))
    )
    assert log.status == "success", log.error_message
    return log.backup_id or ""


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """The calls of a restore of a running server."""
    return runner.calls_of_job(lambda runner: runner.env.request_restore(backed_up(runner)))


def test_the_recorded_run_knows_its_calls_by_name(calls: list[Call]) -> None:
    told = " ".join(map(str, calls))
    for word in ("action", "os-volume_attachments", "volumes/@/action", "snapshots", "backups/@/restore"):
        assert f"/{word}" in told, (word, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    runner, env, backup_id = kept_runner, kept_runner.env, backed_up(kept_runner)
    was, before = how_it_is(env, SERVER), spoil(env, SERVER)
    operation = env.request_restore(backup_id)
    struck = strike_each(runner, calls, fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert never_met(struck) == []
    assert how_it_is(env, SERVER) == was
    archive = env.volume_id("db1-archive")
    assert {v: env.demo.sha256(v) for v in before if v != archive} == {
        v: digest for v, digest in before.items() if v != archive
    }


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_restore_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    bad = {str(call): judge(kept_runner, call, fault) for call in calls}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(runner: Runner, call: Call, fault: str) -> list[str]:
    env, backup_id = runner.env, backed_up(runner)
    with env.cloud_kept():
        was = how_it_is(env, SERVER)
        spoil(env, SERVER)
        operation = env.request_restore(backup_id)
        struck = strike_for_good(runner, call, fault)
        log = runner.run(operation)
        env.demo.faults.clear()
        wrong = faults_in(log, call, fault) if log.status == "failed" else []
        wrong += waited(log, call, fault)
        backup = env.backup(backup_id)
        if backup is None or backup.status != "available":
            wrong.append(f"the backup is {backup and backup.status}")
        # What Cinder refuses was not begun; of what it does not answer nobody knows.
        begun = bool(env.demo.calls.find("volume", "POST", "/restore$"))
        now = not_given_back(env, SERVER, was, off_too=begun and fault != "403", gone=struck.gone)
        if now and "still in the cloud" not in log.error_message:
            wrong.append(f"it is not given back, and nobody is told: {now}")
        runner.clock.sleep(86_400.0 * 2)
        remove_leftovers(runner.ctx(env.cloud))
        if env.upstream("snapshot"):
            wrong.append("a snapshot is left for ever")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong
