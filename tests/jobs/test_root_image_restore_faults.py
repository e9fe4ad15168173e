"""A server that boots from an image, restored in place, taken back and as a new server: see `test_fault_matrix.py`.

Once each call of the job is struck, for good those about the root disk: the others have matrices of their own.
"""

import os

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import OperationLog
from opencbr.model.way_back import undo_of
from opencbr.store import operation_logs
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
from support.job_env import JobEnv
from support.made_of_a_plan import bear_for_good, bear_one_bad_answer, whole_or_nothing
from support.places import attachments, how_it_is, not_given_back

SERVER = "web1"
IN_PLACE = ("restore", "undo")
WHOLE = {"server": 1, "volume": 1, "attachment": 1, "port": 1}


def digests(env: JobEnv) -> dict[str, str]:
    """The digests of the root disk, which has the server's id, and of the volumes."""
    disks = [env.server_id(SERVER), *(str(row["volume_id"]) for row in attachments(env, SERVER))]
    return {disk: env.demo.sha256(disk) for disk in disks}


def backed_up(runner: Runner) -> str:
    log = runner.run(runner.env.request_backup(runner.env.bind(SERVER)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def requested(runner: Runner, way: str) -> tuple[OperationLog, dict[str, str], dict[str, str]]:
    """Ask for a restore in place or for its undoing; the request, what it must bring back, and what the restore writes over."""
    env, backup_id = runner.env, backed_up(runner)
    before = digests(env)
    for disk in before:
        env.demo.write(disk, os.urandom(6000), offset=1 << 20)
    spoilt = digests(env)
    operation = env.request_restore(backup_id)
    if way == "restore":
        return operation, before, spoilt
    restore = runner.run(operation)
    assert restore.status == "success", restore.error_message
    return env.request_undo(restore), spoilt, spoilt


def new_server(runner: Runner) -> OperationLog:
    """Back the server up, lose it, and ask for it as a new one."""
    env = runner.env
    env.clear()  # of the run before
    backup_id = backed_up(runner)
    env.lose_server(SERVER)
    return env.request_new_server(backup_id)


def about_the_root(calls: list[Call]) -> list[Call]:
    """Those that are not made for a server with volumes alone, and the looks at the server: the others have matrices."""
    return [
        one
        for one in calls
        if one.path.endswith(("/action", "/servers/@"))
        or "/images" in one.path
        or "POST /v2.1/servers" in str(one)
    ]


@pytest.fixture(scope="module")
def calls(runner: Runner) -> dict[str, list[Call]]:
    """The calls of each way."""
    found = {way: runner.calls_of_job(lambda runner, way=way: requested(runner, way)[0]) for way in IN_PLACE}
    return found | {"new server": runner.calls_of_job(new_server)}


def test_the_recorded_runs_know_their_calls_by_name(calls: dict[str, list[Call]]) -> None:
    for way, words in {
        "restore": ("compute POST /v2.1/servers/@/action", "image GET /v2/images/@"),
        "undo": ("compute POST /v2.1/servers/@/action", "image GET /v2/images/@", "image DELETE"),
        "new server": ("compute POST /v2.1/servers", "compute GET /v2.1/servers/@"),
    }.items():
        told = " ".join(map(str, about_the_root(calls[way])))
        for word in words:
            assert word in told, (way, word, told)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize(("way", "fault"), [(way, fault) for way in IN_PLACE for fault in FAULTS])
def test_one_bad_answer_to_each_call_is_borne(
    kept_runner: Runner, calls: dict[str, list[Call]], way: str, fault: str
) -> None:
    runner, env = kept_runner, kept_runner.env
    was = how_it_is(env, SERVER)
    operation, wanted, _ = requested(runner, way)
    struck = strike_each(runner, calls[way], fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert never_met(struck) == []
    env.demo.faults.clear()
    assert how_it_is(env, SERVER) == was
    assert digests(env) == wanted
    remove_leftovers(runner.ctx(env.cloud))
    assert len(env.images()) == (2 if way == "restore" else 1), "the backup's, and that of the way back"
    kinds = {"backup", "image"} | ({"snapshot"} if way == "restore" else set())
    assert {entry.kind for entry in env.ledger()} == kinds


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("way", "fault"), [(way, fault) for way in IN_PLACE for fault in (*FOR_GOOD, VANISHED)]
)
def test_a_call_that_stays_bad_ends_well_or_in_an_error_that_tells(
    kept_runner: Runner, calls: dict[str, list[Call]], way: str, fault: str
) -> None:
    bad = {str(call): judge(kept_runner, call, way, fault) for call in about_the_root(calls[way])}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(runner: Runner, call: Call, way: str, fault: str) -> list[str]:
    env = runner.env
    with env.cloud_kept():
        was = how_it_is(env, SERVER)
        operation, wanted, spoilt = requested(runner, way)
        struck = strike_for_good(runner, call, fault)
        log = runner.run(operation)
        env.demo.faults.clear()
        wrong = waited(log, call, fault)
        if log.status == "success":
            held = {one: digest for one, digest in wanted.items() if one not in struck.gone}
            if any(env.demo.sha256(one) != digest for one, digest in held.items()):
                wrong.append("the disks do not hold what they should")
        else:
            wrong += faults_in(log, call, fault, struck.gone)
            now = not_given_back(env, SERVER, was, off_too=True, gone=struck.gone)
            if now and "still in the cloud" not in log.error_message:
                wrong.append(f"it is not given back, and nobody is told: {now}")
            if not struck.gone:  # of what has vanished nothing is to be had back
                wrong += not_to_be_had_back(runner, operation, spoilt)
        runner.clock.sleep(86_400.0 * 2)
        remove_leftovers(runner.ctx(env.cloud))
        if env.upstream("snapshot") or len(env.images()) > 1 or not (env.images() or struck.gone):
            wrong.append("a snapshot or an image is left for ever")
        if {entry.kind for entry in env.ledger()} - {"backup", "image"}:
            wrong.append(f"left in the ledger: {env.ledger()}")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong


def not_to_be_had_back(runner: Runner, failed: OperationLog, spoilt: dict[str, str]) -> list[str]:
    """Say what of the disks before the restore is lost: they hold it, or undoing it (again) brings it back."""
    env = runner.env
    if {disk: env.demo.sha256(disk) for disk in spoilt} == spoilt:
        return []
    again = runner.run(env.request_undo(restore_of(env, failed)))
    wrong = [] if again.status == "success" else [f"undone it ended so: {again.error_message}"]
    return (
        wrong
        if {disk: env.demo.sha256(disk) for disk in spoilt} == spoilt
        else [*wrong, "what was there before the restore is lost"]
    )


def restore_of(env: JobEnv, operation: OperationLog) -> OperationLog:
    """The restore that is to be undone: the job itself, or the one that it was to undo."""
    if operation.operation_type == "restore":
        return operation
    with env.database.read() as conn:
        found = operation_logs.get(conn, env.project_id, undo_of(operation.parameters).restore_id)
    assert found is not None
    return found


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_new_server_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: dict[str, list[Call]], fault: str
) -> None:
    bear_one_bad_answer(kept_runner, calls["new server"], fault, new_server(kept_runner), WHOLE)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_new_server_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    kept_runner: Runner, calls: dict[str, list[Call]], fault: str
) -> None:
    struck = about_the_root(calls["new server"])
    bear_for_good(kept_runner, struck, fault, new_server, whole_or_nothing(WHOLE))
