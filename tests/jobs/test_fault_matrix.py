"""Every upstream call of a backup and of a deletion, each with every kind of bad answer, once and for good.

The list of calls is taken from a recorded run, so that a call somebody adds is in the matrix the same day. The
jobs run in this thread, on clocks whose pauses cost nothing; what the engine adds is tested elsewhere.

*Once* is complete: each kind of bad answer strikes every call of one and the same job. *For good* is a covering
subset, since each case is a job of its own: every call has one kind of refusal and one kind of silence that stay,
taken in turn, so that every kind meets a third of the calls.
"""

import re
from collections.abc import Iterator

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.operation_log import LEFT, OperationLog
from opencbr.model.vault import Resource
from support.bad_answers import FAULTS, Call, Runner, faults_in, strike, strike_for_good, waited

EACH = ("403", "503", "garbage")
"""For the jobs that share most of their calls with others: a refusal, a trouble, an answer that is none, each for good."""

REFUSALS, SILENCES = ("503", "401", "500", "429"), ("no answer", "garbage", "answer lost")
DISK = "db1-archive"


@pytest.fixture
def clean_runner(runner: Runner) -> Iterator[Runner]:
    yield runner
    runner.env.clear()


@pytest.fixture(scope="module")
def calls(runner: Runner) -> tuple[list[Call], list[Call]]:
    """The calls of a full backup and an incremental one, and those of a deletion."""
    clean_runner, env = runner, runner.env
    bound = clean_runner.bind()
    made: list[OperationLog] = []

    def back_up() -> None:
        made.append(clean_runner.run(env.request_backup(bound)))
        assert made[-1].status == "success", made[-1].error_message

    backup = clean_runner.calls_of(back_up) | clean_runner.calls_of(back_up)
    newest = made[-1].backup_id or ""
    deletion = clean_runner.calls_of(lambda: clean_runner.run(env.request_deletion(newest)))
    env.clear()
    return sorted(backup), sorted(deletion)


def test_the_recorded_run_knows_the_calls_by_name(calls: tuple[list[Call], list[Call]]) -> None:
    """Should the recording break, the matrix would be empty and green."""
    backup, deletion = ({str(call) for call in part} for part in calls)
    for word in (
        "identity POST .*auth/tokens",
        "compute GET .*/servers/@$",
        "compute GET .*/flavors/",
        "compute GET .*os-interface",
        "compute GET .*os-volume_attachments",
        "network GET .*/ports",
        "network GET .*/floatingips",
        "network GET .*/networks",
        "network GET .*/subnets",
        "network GET .*/routers",
        "network GET .*/security-groups",
        "volume GET .*/types",
        "volume GET .*/volumes/@",
        "volume POST .*/snapshots$",
        "volume POST .*/backups$",
        "volume GET .*/backups/@$",
        "volume GET .*export_record",
        "volume DELETE .*/snapshots/@$",
    ):
        assert any(re.search(word, call) for call in backup), (word, sorted(backup))
    for word in ("volume GET .*/backups/@$", "volume DELETE .*/backups/@$"):
        assert any(re.search(word, call) for call in deletion), (word, sorted(deletion))


def what_is_left(clean_runner: Runner, log: OperationLog, *, backups_left: int) -> list[str]:
    """What is there beyond what should be: nothing, or what the log tells of and the janitor then removes."""
    env = clean_runner.env

    def extra() -> bool:
        things = len(env.upstream("snapshot")), len(env.upstream("backup")), len(env.ledger())
        return things != (0, backups_left, backups_left)

    wrong = []
    if extra():
        if not log.details.get(LEFT):
            wrong.append("something is left and nobody is told")
        remove_leftovers(clean_runner.ctx(env.cloud))
        if extra():
            wrong.append("something is left for ever")
    return wrong


def in_turn(calls: list[Call], kinds: tuple[str, ...]) -> list[tuple[Call, str]]:
    return [(call, kinds[number % len(kinds)]) for number, call in enumerate(calls)]


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_backup_bears_one_bad_answer_to_each_of_its_calls(
    clean_runner: Runner, calls: tuple[list[Call], list[Call]], fault: str
) -> None:
    env = clean_runner.env
    # A refused password is no passing trouble, and one 401 anywhere else makes the session sign in anew.
    struck = [
        strike(clean_runner, call, fault, 1)
        for call in calls[0]
        if (call.service, fault) != ("identity", "401")
    ]
    log = clean_runner.backup()
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    env.demo.faults.clear()
    backup = env.backup(log.backup_id)
    assert backup is not None
    assert (backup.status, backup.verdict) == ("available", "complete"), clean_runner.report(log)
    assert len(env.posts("/snapshots$")) == 1 == len(env.posts("/backups$")), "none made twice"
    env.assert_nothing_left(backups_left=1)


@pytest.mark.thorough
@pytest.mark.parametrize("kinds", [REFUSALS, SILENCES], ids=["refusals", "silences"])
def test_a_backup_ends_well_or_in_a_clean_error_when_a_call_stays_bad(
    clean_runner: Runner, calls: tuple[list[Call], list[Call]], kinds: tuple[str, ...]
) -> None:
    bad = {
        f"{call} {fault}": judge_backup(clean_runner, call, fault) for call, fault in in_turn(calls[0], kinds)
    }
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge_backup(clean_runner: Runner, call: Call, fault: str, bound: Resource | None = None) -> list[str]:
    env = clean_runner.env
    strike_for_good(clean_runner, call, fault)
    log = clean_runner.run(env.request_backup(bound or clean_runner.bind()))
    env.demo.faults.clear()
    backup = env.backup(log.backup_id)
    assert backup is not None
    wrong = faults_in(log, call, fault) if log.status == "failed" else []
    wrong += waited(log, call, fault)
    ends = {"success": "available", "failed": "error"}
    if backup.status != ends.get(log.status):
        wrong.append(f"the job is {log.status} and the backup {backup.status}")
    wrong += [f"{what} made twice" for what in ("snapshots", "backups") if len(env.posts(f"/{what}$")) > 1]
    wrong += what_is_left(clean_runner, log, backups_left=1 if log.status == "success" else 0)
    if wrong and log.error_message:
        wrong.append(log.error_message)
    env.clear()
    return wrong


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_deletion_bears_one_bad_answer_to_each_of_its_calls(
    clean_runner: Runner, calls: tuple[list[Call], list[Call]], fault: str
) -> None:
    env = clean_runner.env
    backup_id = clean_runner.backup().backup_id or ""
    struck = [
        strike(clean_runner, call, fault, 1)
        for call in calls[1]
        if (call.service, fault) != ("identity", "401")
    ]
    log = clean_runner.run(env.request_deletion(backup_id))
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    env.demo.faults.clear()
    env.assert_nothing_left()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("kinds", [REFUSALS, SILENCES], ids=["refusals", "silences"])
def test_a_deletion_ends_well_or_in_a_clean_error_when_a_call_stays_bad(
    clean_runner: Runner, calls: tuple[list[Call], list[Call]], kinds: tuple[str, ...]
) -> None:
    bad = {
        f"{call} {fault}": judge_deletion(clean_runner, call, fault)
        for call, fault in in_turn(calls[1], kinds)
    }
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge_deletion(clean_runner: Runner, call: Call, fault: str) -> list[str]:
    env = clean_runner.env
    backup_id = clean_runner.backup().backup_id or ""
    strike_for_good(clean_runner, call, fault)
    log = clean_runner.run(env.request_deletion(backup_id))
    env.demo.faults.clear()
    wrong = waited(log, call, fault)
    if log.status == "failed":
        wrong += faults_in(log, call, fault)
        backup = env.backup(backup_id)
        assert backup is not None
        if backup.status != "error":
            wrong.append(f"the backup is {backup.status}")
        again = clean_runner.run(env.request_deletion(backup_id))
        if again.status != "success":
            wrong.append(f"a second deletion failed: {again.error_message}")
    wrong += what_is_left(clean_runner, log, backups_left=0)
    if wrong:
        wrong.append(log.error_message)
    env.clear()
    return wrong


@pytest.fixture(scope="module")
def other_calls(runner: Runner) -> tuple[list[Call], list[Call]]:
    """The calls of a disk's backups, and those of the removal of a server with two."""
    clean_runner, env = runner, runner.env
    disk, server = env.bind(DISK, "disk"), clean_runner.bind()
    made: list[OperationLog] = []
    backup = clean_runner.calls_of(lambda: made.append(clean_runner.run(env.request_backup(disk))))
    backup |= clean_runner.calls_of(lambda: made.append(clean_runner.run(env.request_backup(disk))))
    made += [clean_runner.run(env.request_backup(server)) for _ in range(2)]
    removal = clean_runner.calls_of(lambda: made.append(clean_runner.run(env.request_removal(server))))
    assert [log.error_message for log in made if log.status != "success"] == []
    env.clear()
    return sorted(backup), sorted(removal)


def test_the_other_recorded_runs_know_their_calls_by_name(other_calls: tuple[list[Call], list[Call]]) -> None:
    backup, removal = ({str(call) for call in part} for part in other_calls)
    for word in (
        "volumes/@$",
        "POST .*/snapshots$",
        "POST .*/backups$",
        "export_record",
        "DELETE .*/snapshots/@$",
    ):
        assert any(re.search(word, call) for call in backup), (word, sorted(backup))
    assert not any("/servers/" in call for call in backup), "nobody asks for a server"
    for word in ("GET .*/backups/@$", "DELETE .*/backups/@$"):
        assert any(re.search(f"volume {word}", call) for call in removal), (word, sorted(removal))


@pytest.mark.thorough
@pytest.mark.parametrize("fault", EACH)
def test_a_disks_backup_ends_well_or_in_a_clean_error_when_a_call_stays_bad(
    clean_runner: Runner, other_calls: tuple[list[Call], list[Call]], fault: str
) -> None:
    bad = {
        str(call): judge_backup(clean_runner, call, fault, clean_runner.env.bind(DISK, "disk"))
        for call in other_calls[0]
    }
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_removal_bears_one_bad_answer_to_each_of_its_calls(
    clean_runner: Runner, other_calls: tuple[list[Call], list[Call]], fault: str
) -> None:
    env, bound = clean_runner.env, clean_runner.bind()
    for _ in range(2):
        clean_runner.run(env.request_backup(bound))
    struck = [
        strike(clean_runner, call, fault, 1)
        for call in other_calls[1]
        if (call.service, fault) != ("identity", "401")
    ]
    log = clean_runner.run(env.request_removal(bound))
    assert (log.status, log.error_message) == ("success", "")
    assert [fault.path for fault in struck if not fault.hits] == []
    env.demo.faults.clear()
    assert env.resource(bound) is None
    env.assert_nothing_left()


@pytest.mark.thorough
@pytest.mark.parametrize("fault", EACH)
def test_a_removal_ends_well_or_in_a_clean_error_when_a_call_stays_bad(
    clean_runner: Runner, other_calls: tuple[list[Call], list[Call]], fault: str
) -> None:
    bad = {str(call): judge_removal(clean_runner, call, fault) for call in other_calls[1]}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge_removal(clean_runner: Runner, call: Call, fault: str) -> list[str]:
    env, bound = clean_runner.env, clean_runner.bind()
    made = [clean_runner.run(env.request_backup(bound)).backup_id or "" for _ in range(2)]
    struck = strike_for_good(clean_runner, call, fault)
    log = clean_runner.run(env.request_removal(bound))
    env.demo.faults.clear()
    wrong = waited(log, call, fault) if struck.hits else ["it was never asked"]
    if log.status == "failed":
        wrong += faults_in(log, call, fault)
        resource = env.resource(bound)
        if resource is None or resource.protect_status != "available":
            wrong.append(f"the resource is {resource and resource.protect_status}")
        counts = log.details["fail_count"], log.details["total_count"]
        rows = [env.backup(one) for one in made]
        failed = [row for row in rows if row is not None and row.status == "error"]
        if counts != (len(failed), 2) or len(failed) != len([row for row in rows if row]):
            wrong.append(
                f"{counts} are said to have failed, there are {[row and row.status for row in rows]}"
            )
        again = None if wrong else clean_runner.run(env.request_removal(bound))
        if again is not None and again.status != "success":
            wrong.append(f"a second removal failed: {again.error_message}")
    if env.resource(bound) is not None:
        wrong.append("the resource is still bound")
    wrong += what_is_left(clean_runner, log, backups_left=0)
    if wrong:
        wrong.append(log.error_message)
    env.clear()
    return wrong
