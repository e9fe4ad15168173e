"""Every upstream call of a root volume's rebuild, and of its undoing, with bad answers: see `test_fault_matrix.py`."""

from collections.abc import Iterator

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
    never_met,
    strike_each,
    strike_for_good,
    waited,
)
from support.places import how_it_is, not_given_back, spoil

SERVER = "db1"
WAYS = ("restore", "undo")


@pytest.fixture(scope="module", autouse=True)
def _without_the_right(runner: Runner) -> Iterator[None]:
    runner.sets_volume_status = False
    with runner.env.without_volume_status():
        yield


def requested(runner: Runner, way: str) -> tuple[OperationLog, dict[str, str]]:
    """Ask for a restore of the root volume, or for its undoing; the request, and what it must bring back."""
    env, root = runner.env, runner.env.volume_id("db1-root")
    log = runner.run(runner.env.request_backup(runner.bind()))
    assert log.status == "success", log.error_message
    before = spoil(env, SERVER)[root]
    operation = env.request_restore(log.backup_id or "")
    if way == "restore":
        return operation, {root: before}
    spoilt = {root: env.demo.sha256(root)}
    restore = runner.run(operation)
    assert restore.status == "success", restore.error_message
    return env.request_undo(restore), spoilt


@pytest.fixture(scope="module")
def calls(runner: Runner) -> dict[str, list[Call]]:
    found = {}
    for way in WAYS:
        operation, _ = requested(runner, way)
        found[way] = sorted(runner.calls_of(lambda operation=operation: runner.run(operation)))  # type: ignore[misc]
        runner.env.clear()
    return found


def test_the_recorded_runs_know_their_calls_by_name(calls: dict[str, list[Call]]) -> None:
    for way, own in (("restore", "backups/@/restore"), ("undo", "snapshots/@")):
        told = " ".join(map(str, calls[way]))
        for word in ("servers/@/action", "volumes/@/action", "images/@", own):
            assert f"/{word}" in told, (way, word, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize(("way", "fault"), [(way, fault) for way in WAYS for fault in FAULTS])
def test_one_bad_answer_to_each_call_is_borne(
    kept_runner: Runner, calls: dict[str, list[Call]], way: str, fault: str
) -> None:
    runner, env = kept_runner, kept_runner.env
    was = how_it_is(env, SERVER)
    operation, wanted = requested(runner, way)
    struck = strike_each(runner, calls[way], fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert never_met(struck) == []
    env.demo.faults.clear()
    assert how_it_is(env, SERVER) == was
    assert {volume: env.demo.sha256(volume) for volume in wanted} == wanted
    remove_leftovers(runner.ctx(env.cloud))
    assert env.images() == []
    assert {entry.kind for entry in env.ledger()} <= {"backup", "snapshot"}


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
        was = how_it_is(env, SERVER)
        operation, wanted = requested(runner, way)
        struck = strike_for_good(runner, call, fault)
        log = runner.run(operation)
        env.demo.faults.clear()
        wrong = faults_in(log, call, fault, struck.gone) if log.status == "failed" else []
        wrong += waited(log, call, fault)
        now = not_given_back(env, SERVER, was, off_too=True, gone=struck.gone)
        if now and "still in the cloud" not in log.error_message:
            wrong.append(f"it is not given back, and nobody is told: {now}")
        held = {one: digest for one, digest in wanted.items() if one not in struck.gone}
        if log.status == "success" and any(env.demo.sha256(one) != digest for one, digest in held.items()):
            wrong.append("the root volume does not hold what it should")
        runner.clock.sleep(86_400.0 * 2)
        remove_leftovers(runner.ctx(env.cloud))
        if env.upstream("snapshot") or env.images():
            wrong.append("a snapshot or an image is left for ever")
        if {entry.kind for entry in env.ledger()} - {"backup"}:
            wrong.append(f"left in the ledger: {env.ledger()}")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong
