"""The calls that a backup makes for the image of a root disk: each with every kind of bad answer, once and for good.

Once is borne. For good a refusal leaves a backup without the image, which says so; silence ends the job.
"""

from collections.abc import Iterator

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
from support.bad_answers import FAULTS, LASTING, Call, Ground, faults_in, strike, strike_for_good

SERVER = "web1"


@pytest.fixture
def ground(plot: Ground) -> Iterator[Ground]:
    yield plot
    plot.env.clear()


@pytest.fixture(scope="module")
def calls(plot: Ground) -> list[Call]:
    """What is asked of Nova and Glance beside the reading of the server."""
    found = plot.calls_of(lambda: back_up(plot))
    plot.env.clear()
    ours = [call for call in found if call.path.endswith("/action") or "/images" in call.path]
    assert {(call.service, call.method) for call in ours} == {("compute", "POST"), ("image", "GET")}
    return sorted(ours)


def back_up(ground: Ground) -> OperationLog:
    return ground.run(ground.env.request_backup(ground.env.bind(SERVER)))


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_answer_to_each_call_is_borne(ground: Ground, calls: list[Call], fault: str) -> None:
    env = ground.env
    struck = [strike(ground, call, fault, 1) for call in calls]
    log = back_up(ground)
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    env.demo.faults.clear()
    backup = env.backup(log.backup_id)
    assert backup is not None
    assert (backup.status, backup.verdict) == ("available", "complete"), ground.report(log)
    assert len(env.images()) == 1, "none made twice"
    env.assert_nothing_left(backups_left=1)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", LASTING)
def test_a_call_that_stays_bad_leaves_a_backup_that_says_so_or_a_clean_error(
    ground: Ground, calls: list[Call], fault: str
) -> None:
    env = ground.env
    for call in calls:
        strike_for_good(ground, call, fault)
        log = back_up(ground)
        env.demo.faults.clear()
        backup = env.backup(log.backup_id)
        assert backup is not None
        if log.status == "success":
            assert (backup.status, backup.verdict) in (("available", "partial"), ("available", "complete"))
            told = "".join(ground.report(log)["gaps"])
            assert backup.verdict == "complete" or "answered" in told or "denied" in told, told
        else:
            assert faults_in(log, call, fault) == [], log.error_message
            assert backup.status == "error"
        remove_leftovers(ground.ctx(env.cloud))  # the cloud refused the removal as well
        env.assert_nothing_left(backups_left=1 if log.status == "success" else 0)
        env.clear()


def spoilt(ground: Ground) -> tuple[str, str]:
    """Back the server up and write over its root disk; the backup, and the digest of the root disk before."""
    env = ground.env
    log = back_up(ground)
    assert log.status == "success", log.error_message
    server = env.server_id(SERVER)
    before = env.demo.sha256(server)
    env.demo.write(server, b"written since", offset=4096)
    assert env.demo.sha256(server) != before
    return log.backup_id or "", before


@pytest.fixture(scope="module")
def restore_calls(plot: Ground) -> list[Call]:
    """What a restore in place asks of Nova and Glance for the root disk, with the looks at the server."""
    backup_id, _ = spoilt(plot)
    operation = plot.env.request_restore(backup_id)
    found = plot.calls_of(lambda: plot.run(operation))
    plot.env.clear()
    ours = [call for call in found if call.path.endswith(("/action", "/servers/@")) or "/images" in call.path]
    services = {(call.service, call.method) for call in ours}
    assert services == {("compute", "GET"), ("compute", "POST"), ("image", "GET")}
    return sorted(ours)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_in_place_bears_one_bad_answer_to_each_call(
    ground: Ground, restore_calls: list[Call], fault: str
) -> None:
    env = ground.env
    backup_id, before = spoilt(ground)
    restore = env.request_restore(backup_id)
    struck = [strike(ground, call, fault, 1) for call in restore_calls]
    log = ground.run(restore)
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    env.demo.faults.clear()
    assert env.demo.sha256(env.server_id(SERVER)) == before
    assert len(env.images()) == 2, "the backup's and that of the way back"
