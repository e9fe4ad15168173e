"""The calls by which a restore hands its disks over to another project, with every kind of bad answer, once and for good."""

import pytest

from opencbr.democloud.network.security_groups import default_group
from opencbr.model.operation_log import OperationLog
from support.bad_answers import FAULTS, FOR_GOOD, VANISHED, Call, Runner, never_met, strike_each
from support.job_env import JobEnv
from support.made_of_a_plan import Things, bear_for_good

SERVER = "db1"
TRANSFERS = "os-volume-transfer"


def requested(runner: Runner) -> OperationLog:
    """Back up a server with two disks, and ask for it in another project."""
    env = runner.env
    env.clear()  # of the run before
    with env.demo.backend.state.change():
        default_group(env.demo.backend, str(env.demo.account("other")["project_id"]))
    log = runner.run(env.request_backup(env.bind(SERVER, exclude=(env.volume_id("db1-archive"),))))
    assert log.status == "success", log.error_message
    return env.request_elsewhere(log.backup_id or "")


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """The calls of a restore into another project."""
    return runner.calls_of_job(requested)


@pytest.fixture
def transfers(calls: list[Call]) -> list[Call]:
    """Those that hand volumes over: the others are a new server's, which have a matrix of their own."""
    return [call for call in calls if TRANSFERS in str(call)]


def volumes(env: JobEnv) -> dict[str, int]:
    """How many volumes each project has."""
    state = env.demo.backend.state
    names = ("demo", "other")
    with state.change():
        return {name: len(state.all("volume", env.demo.account(name)["project_id"])) for name in names}


def test_the_recorded_run_knows_its_calls_by_name(transfers: list[Call]) -> None:
    assert [str(call).split(" (")[0] for call in transfers] == [
        f"volume POST /v3/@/{TRANSFERS}",
        f"volume POST /v3/@/{TRANSFERS}/@/accept",
    ]


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_handover_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    runner, env = kept_runner, kept_runner.env
    operation, was = requested(runner), env.things()
    before = volumes(env)
    struck = strike_each(runner, calls, fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert never_met(struck) == []
    assert len(env.things()["server"]) == len(was["server"]) + 1
    assert volumes(env) == {"demo": before["demo"], "other": before["other"] + 2}
    assert {entry.kind for entry in env.ledger()} == {"backup"}


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_handover_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    kept_runner: Runner, transfers: list[Call], fault: str
) -> None:
    bear_for_good(kept_runner, transfers, fault, requested, handed_over_or_nothing)


def handed_over_or_nothing(env: JobEnv, log: OperationLog, was: Things) -> list[str]:
    if (log.status == "failed" and env.things() != was) or env.upstream("transfer"):
        return ["something of it is there"]
    return []
