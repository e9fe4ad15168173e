"""The calls that a backup makes for the image of a root disk: each with every kind of bad answer, once and for good.

Once is borne. For good a refusal leaves a backup without the image, which says so; silence ends the job.
"""

from collections.abc import Iterator

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
from support.bad_answers import FAULTS, LASTING, Call, Runner, faults_in, strike, strike_for_good

SERVER = "web1"


@pytest.fixture
def clean_runner(runner: Runner) -> Iterator[Runner]:
    yield runner
    runner.env.clear()


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """What is asked of Nova and Glance beside the reading of the server."""
    found = runner.calls_of(lambda: back_up(runner))
    runner.env.clear()
    ours = [call for call in found if call.path.endswith("/action") or "/images" in call.path]
    assert {(call.service, call.method) for call in ours} == {("compute", "POST"), ("image", "GET")}
    return sorted(ours)


def back_up(clean_runner: Runner) -> OperationLog:
    return clean_runner.run(clean_runner.env.request_backup(clean_runner.env.bind(SERVER)))


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_answer_to_each_call_is_borne(clean_runner: Runner, calls: list[Call], fault: str) -> None:
    env = clean_runner.env
    struck = [strike(clean_runner, call, fault, 1) for call in calls]
    log = back_up(clean_runner)
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    env.demo.faults.clear()
    backup = env.backup(log.backup_id)
    assert backup is not None
    assert (backup.status, backup.verdict) == ("available", "complete"), clean_runner.report(log)
    assert len(env.images()) == 1, "none made twice"
    env.assert_nothing_left(backups_left=1)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", LASTING)
def test_a_call_that_stays_bad_leaves_a_backup_that_says_so_or_a_clean_error(
    clean_runner: Runner, calls: list[Call], fault: str
) -> None:
    env = clean_runner.env
    for call in calls:
        strike_for_good(clean_runner, call, fault)
        log = back_up(clean_runner)
        env.demo.faults.clear()
        backup = env.backup(log.backup_id)
        assert backup is not None
        if log.status == "success":
            assert (backup.status, backup.verdict) in (("available", "partial"), ("available", "complete"))
            told = "".join(clean_runner.report(log)["gaps"])
            assert backup.verdict == "complete" or "answered" in told or "denied" in told, told
        else:
            assert faults_in(log, call, fault) == [], log.error_message
            assert backup.status == "error"
        remove_leftovers(clean_runner.ctx(env.cloud))  # the cloud refused the removal as well
        env.assert_nothing_left(backups_left=1 if log.status == "success" else 0)
        env.clear()
