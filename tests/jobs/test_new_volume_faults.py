"""Every upstream call of a restore as a new volume, with every kind of bad answer, once and for good."""

from collections.abc import Iterator

import pytest
from test_new_server_faults import LASTING, made

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
from support.bad_answers import FAULTS, Call, Ground, faults_in, strike, strike_for_good, waited

WHOLE = {"volume": 1, "attachment": 1}


@pytest.fixture
def ground(plot: Ground) -> Iterator[Ground]:
    with plot.env.cloud_kept():
        yield plot
    plot.env.clear()


def requested(ground: Ground) -> OperationLog:
    """Back up a disk, and ask for it as a new volume on another server."""
    env = ground.env
    log = ground.run(env.request_backup(env.bind("db1-data", "disk")))
    assert log.status == "success", log.error_message
    return env.request_new_volume(log.backup_id or "", server_id=env.server_id("web1"))


@pytest.fixture(scope="module")
def calls(plot: Ground) -> list[Call]:
    """The calls of a restore as a new volume."""
    with plot.env.cloud_kept():
        operation = requested(plot)
        found = plot.calls_of(lambda: plot.run(operation))
    plot.env.clear()
    return sorted(found)


def test_the_recorded_run_knows_its_calls_by_name(calls: list[Call]) -> None:
    told = " ".join(map(str, calls))
    for words in (
        "volume POST",
        "/restore",
        "/volumes/@/metadata",
        "compute POST /v2.1/servers/@/os-volume_att",
    ):
        assert words in told, (words, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_bears_one_bad_answer_to_each_of_its_calls(
    ground: Ground, calls: list[Call], fault: str
) -> None:
    env = ground.env
    operation = requested(ground)
    was = env.things()
    struck = [
        strike(ground, call, fault, 1) for call in calls if (call.service, fault) != ("identity", "401")
    ]
    log = ground.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    # Whether cinder-backup is up is asked without patience: what strikes the sign-in or the discovery hides that call.
    assert [fault.path for fault in struck if not fault.hits and "services" not in fault.path] == []
    assert made(env, was) == WHOLE
    assert {entry.kind for entry in env.ledger()} == {"backup"}


@pytest.mark.thorough
@pytest.mark.parametrize("fault", LASTING)
def test_a_restore_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    plot: Ground, calls: list[Call], fault: str
) -> None:
    bad = {str(call): judge(plot, call, fault) for call in calls}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(ground: Ground, call: Call, fault: str) -> list[str]:
    env = ground.env
    with env.cloud_kept():
        operation = requested(ground)
        was = env.things()
        strike_for_good(ground, call, fault)
        log = ground.run(operation)
        env.demo.faults.clear()
        wrong = faults_in(log, call, fault) if log.status == "failed" else []
        wrong += waited(log, call, fault)
        backup = env.backup(operation.backup_id)
        if backup is None or backup.status != "available":
            wrong.append(f"the backup is {backup and backup.status}")
        ground.clock.sleep(86_400.0)
        remove_leftovers(ground.ctx(env.cloud))
        left = made(env, was)
        if left != (WHOLE if log.status == "success" else {}):
            wrong.append(f"it has ended in {log.status}, and this is there: {left}")
        if [entry for entry in env.ledger() if entry.kind != "backup"]:
            wrong.append("the ledger still has something of it")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong
