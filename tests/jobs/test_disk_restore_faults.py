"""Every upstream call of a disk's restore in place, one on no server, and of its undoing: see `test_fault_matrix.py`."""

import os

import pytest

from opencbr.democloud.seed.servers import make_disk
from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
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

WAYS = ("restore", "undo")


class Written:
    """A disk that is to be written: the request, what it must hold afterwards, and what it held before any restore."""

    def __init__(self, runner: Runner, way: str) -> None:
        env = self._env = runner.env
        with env.demo.backend.state.change():
            self.disk = str(make_disk(env.demo.backend, env.demo.account("demo"), "loose", 1)["id"])
        log = runner.run(env.request_backup(env.bind("loose", "disk")))
        assert log.status == "success", log.error_message
        self.wanted = self.now()
        env.demo.write(self.disk, os.urandom(6000), offset=1 << 20)
        self.spoilt = self.now()
        self.restore = self.operation = env.request_restore(log.backup_id or "")
        if way == "undo":
            self.wanted = self.spoilt
            self.restore = runner.run(self.operation)
            assert self.restore.status == "success", self.restore.error_message
            self.operation = env.request_undo(self.restore)

    def now(self) -> str:
        return self._env.demo.sha256(self.disk)

    @property
    def status(self) -> str:
        (found,) = [one["status"] for one in self._env.upstream("volume") if one["id"] == self.disk]
        return str(found)


def requested(runner: Runner, way: str) -> OperationLog:
    return Written(runner, way).operation


@pytest.fixture(scope="module")
def calls(runner: Runner) -> dict[str, list[Call]]:
    return {way: runner.calls_of_job(lambda runner, way=way: requested(runner, way)) for way in WAYS}


def test_the_recorded_runs_know_their_calls_by_name(calls: dict[str, list[Call]]) -> None:
    for way, own in (("restore", "backups/@/restore"), ("undo", "volumes/@/action")):
        told = " ".join(map(str, calls[way]))
        for word in ("volumes/@", "snapshots", own):
            assert f"/{word}" in told, (way, word, told)
        assert "compute POST" not in told, told


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize(("way", "fault"), [(way, fault) for way in WAYS for fault in FAULTS])
def test_one_bad_answer_to_each_call_is_borne(
    kept_runner: Runner, calls: dict[str, list[Call]], way: str, fault: str
) -> None:
    runner, env = kept_runner, kept_runner.env
    written = Written(runner, way)
    struck = strike_each(runner, calls[way], fault)
    log = runner.run(written.operation)
    assert (log.status, log.error_message) == ("success", "")
    assert never_met(struck) == []
    assert (written.now(), written.status) == (written.wanted, "available")
    assert len(env.upstream("snapshot")) == (1 if way == "restore" else 0)


@pytest.mark.thorough
@pytest.mark.parametrize(("way", "fault"), [(way, fault) for way in WAYS for fault in (*FOR_GOOD, VANISHED)])
def test_a_call_that_stays_bad_ends_well_or_in_an_error_that_tells(
    kept_runner: Runner, calls: dict[str, list[Call]], way: str, fault: str
) -> None:
    bad = {str(call): judge(kept_runner, call, way, fault) for call in calls[way]}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(runner: Runner, call: Call, way: str, fault: str) -> list[str]:
    env = runner.env
    with env.cloud_kept():
        written = Written(runner, way)
        struck = strike_for_good(runner, call, fault)
        log = runner.run(written.operation)
        env.demo.faults.clear()
        wrong = faults_in(log, call, fault, struck.gone) if log.status == "failed" else []
        wrong += waited(log, call, fault)
        if written.disk not in struck.gone:
            if written.status != "available" and "still in the cloud" not in log.error_message:
                wrong.append(f"the disk is {written.status}, and nobody is told")
            if log.status == "success" and written.now() != written.wanted:
                wrong.append("the disk does not hold what it should")
            if log.status == "failed" and not struck.gone and written.now() != written.spoilt:
                again = runner.run(env.request_undo(written.restore))
                if again.status != "success" or written.now() != written.spoilt:
                    wrong.append(f"what was there before the restore is lost: {again.error_message}")
        runner.clock.sleep(86_400.0 * 2)  # longer than a way back is kept
        remove_leftovers(runner.ctx(env.cloud))
        if env.upstream("snapshot"):
            wrong.append("a snapshot is left for ever")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong
