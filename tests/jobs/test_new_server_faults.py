"""Every upstream call of a restore as a new server, with every kind of bad answer, once and for good."""

import pytest

from opencbr.model.operation_log import OperationLog
from support.bad_answers import FAULTS, FOR_GOOD, VANISHED, Call, Runner
from support.made_of_a_plan import bear_for_good, bear_one_bad_answer, whole_or_nothing

SERVER = "db1"
WHOLE = {"server": 1, "volume": 2, "attachment": 2, "port": 2}


def requested(runner: Runner) -> OperationLog:
    """Back up a server with two disks, lose it, and ask for it as a new one."""
    env = runner.env
    env.clear()  # of the run before
    log = runner.run(env.request_backup(env.bind(SERVER, exclude=(env.volume_id("db1-archive"),))))
    assert log.status == "success", log.error_message
    env.lose_server(SERVER)
    return env.request_new_server(log.backup_id or "")


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """The calls of a restore as a new server."""
    return runner.calls_of_job(requested)


def test_the_recorded_run_knows_its_calls_by_name(calls: list[Call]) -> None:
    told = " ".join(map(str, calls))
    for words in (
        *("network POST /v2.0/ports", "network PUT /v2.0/floatingips/@", "network PUT /v2.0/ports/@"),
        *("compute POST /v2.1/os-keypairs", "compute DELETE /v2.1/os-keypairs", "compute POST /v2.1/servers"),
        *("volume POST", "/restore", "/volumes/@/metadata"),
    ):
        assert words in told, (words, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    bear_one_bad_answer(kept_runner, calls, fault, requested(kept_runner), WHOLE)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_restore_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    bear_for_good(kept_runner, calls, fault, requested, whole_or_nothing(WHOLE))
