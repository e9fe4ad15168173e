"""Every upstream call of a restore's undoing, with every kind of bad answer, once and for good: see `test_fault_matrix.py`."""

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
from support.bad_answers import (
    FAULTS,
    FOR_GOOD,
    Call,
    Ground,
    faults_in,
    strike_each,
    strike_for_good,
    waited,
)
from support.places import how_it_is, spoil

SERVER = "db1"


def restored(ground: Ground) -> tuple[OperationLog, dict[str, str]]:
    """Back up the root and one data disk, spoil them and restore; the restore, and what they held before it."""
    env = ground.env
    archive = env.volume_id("db1-archive")
    log = ground.run(env.request_backup(env.bind(SERVER, exclude=(archive,))))
    assert log.status == "success", log.error_message
    volumes = spoil(env, SERVER).keys() - {archive}
    spoilt = {volume: env.demo.sha256(volume) for volume in volumes}
    restore = ground.run(env.request_restore(log.backup_id or ""))
    assert restore.status == "success", restore.error_message
    return restore, spoilt


def digests(ground: Ground, volumes: dict[str, str]) -> dict[str, str]:
    return {volume: ground.env.demo.sha256(volume) for volume in volumes}


@pytest.fixture(scope="module")
def calls(plot: Ground) -> list[Call]:
    """The calls of undoing the restore of a running server."""
    operation = plot.env.request_undo(restored(plot)[0])
    found = plot.calls_of(lambda: plot.run(operation))
    plot.env.clear()
    return sorted(found)


def test_the_recorded_run_knows_its_calls_by_name(calls: list[Call]) -> None:
    told = " ".join(map(str, calls))
    for word in ("action", "os-volume_attachments", "volumes/@/action", "snapshots/@", "snapshots/detail"):
        assert f"/{word}" in told, (word, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_undoing_bears_one_bad_answer_to_each_of_its_calls(
    kept_plot: Ground, calls: list[Call], fault: str
) -> None:
    ground, env = kept_plot, kept_plot.env
    was = how_it_is(env, SERVER)
    restore, spoilt = restored(ground)
    operation = env.request_undo(restore)
    struck = strike_each(ground, calls, fault)
    log = ground.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    assert how_it_is(env, SERVER) == was
    assert digests(ground, spoilt) == spoilt
    remove_leftovers(ground.ctx(env.cloud))
    assert env.upstream("snapshot") == []


@pytest.mark.thorough
@pytest.mark.parametrize("fault", FOR_GOOD)
def test_an_undoing_ends_well_or_in_an_error_that_tells_and_can_be_asked_for_again(
    kept_plot: Ground, calls: list[Call], fault: str
) -> None:
    bad = {str(call): judge(kept_plot, call, fault) for call in calls}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(ground: Ground, call: Call, fault: str) -> list[str]:
    env = ground.env
    with env.cloud_kept():
        was = how_it_is(env, SERVER)
        restore, spoilt = restored(ground)
        operation = env.request_undo(restore)
        strike_for_good(ground, call, fault)
        log = ground.run(operation)
        env.demo.faults.clear()
        wrong = waited(log, call, fault)
        if log.status == "failed":
            wrong += faults_in(log, call, fault)
            now, off = how_it_is(env, SERVER), (was[0] | {"status": "SHUTOFF"}, *was[1:])
            if now not in (was, off) and "still in the cloud" not in log.error_message:
                wrong.append(f"it is not given back, and nobody is told: {now}")
            again = ground.run(env.request_undo(restore))
            if again.status != "success":
                wrong.append(f"asked for again it ended so: {again.error_message}")
        if digests(ground, spoilt) != spoilt:
            wrong.append("the disks do not hold what they held before the restore")
        remove_leftovers(ground.ctx(env.cloud))
        if env.upstream("snapshot"):
            wrong.append("a snapshot is left for ever")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong
