"""Every upstream call of a drill, with every kind of bad answer, once and for good: a verdict, and nothing of it stays."""

from collections.abc import Collection

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.model.lists import BackupFilter, Page
from opencbr.model.operation_log import OperationLog
from opencbr.store import backups
from support.bad_answers import (
    FAULTS,
    FOR_GOOD,
    VANISHED,
    Call,
    Runner,
    faults_in,
    strike_each,
    strike_for_good,
    waited,
)
from support.job_env import JobEnv


def requested(runner: Runner) -> OperationLog:
    """Back up a server with two disks, and ask for a drill."""
    env = runner.env
    log = runner.run(env.request_backup(env.bind("db1", exclude=(env.volume_id("db1-archive"),))))
    assert log.status == "success", log.error_message
    return env.request_drill(log.backup_id or "")


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """The calls of a drill."""
    return runner.calls_of_job(requested)


def test_the_recorded_run_knows_its_calls_by_name(calls: list[Call]) -> None:
    told = " ".join(map(str, calls))
    for words in (
        *("network POST /v2.0/networks", "network POST /v2.0/subnets", "network POST /v2.0/security-groups"),
        *("compute POST /v2.1/servers", "/os-volume_attachments", "compute DELETE /v2.1/servers/@"),
        *("volume DELETE", "network DELETE /v2.0/networks/@", "network DELETE /v2.0/security-groups/@"),
    ):
        assert words in told, (words, told)
    for never in ("floatingips POST", "PUT /v2.0/floatingips", "POST /v2.1/os-keypairs", "router_interface"):
        assert never not in told, never


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_drill_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    runner, env = kept_runner, kept_runner.env
    operation, was = requested(runner), env.things()
    strike_each(runner, calls, fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", "")
    assert env.drill(operation).verdict == "unchecked"
    assert left(runner, was) == []


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_drill_ends_with_a_verdict_and_leaves_nothing_when_a_call_stays_bad(
    runner: Runner, calls: list[Call], fault: str
) -> None:
    bad = {str(call): judge(runner, call, fault) for call in calls}
    assert not any(bad.values()), "\n".join(f"{case}: {wrong}" for case, wrong in bad.items() if wrong)


def judge(runner: Runner, call: Call, fault: str) -> list[str]:
    env = runner.env
    with env.cloud_kept():
        operation, was = requested(runner), env.things()
        struck = strike_for_good(runner, call, fault)
        log = runner.run(operation)
        env.demo.faults.clear()
        wrong = faults_in(log, call, fault) if log.status == "failed" else []
        wrong += waited(log, call, fault)
        drill = env.drill(operation)
        if (log.status, drill.verdict) not in (("success", "unchecked"), ("failed", "failed")):
            wrong.append(f"the log says {log.status}, the drill {drill.verdict}")
        wrong += left(runner, was, struck.gone)
        if wrong and log.error_message:
            wrong.append(log.error_message)
    env.clear()
    return wrong


def left(runner: Runner, was: dict[str, set[str]], gone: Collection[str] = ()) -> list[str]:
    """What is left of a drill once the janitor has been there, and a backup that is not given back.

    `gone` are the ids of what somebody else has taken out of the cloud.
    """
    env: JobEnv = runner.env
    runner.clock.sleep(86_400.0)
    remove_leftovers(runner.ctx(env.cloud))
    found = [
        f"{kind} {one}"
        for kind, ids in env.things().items()
        for one in sorted((ids ^ was[kind]).difference(gone))
    ]
    found += [f"{entry.kind} in the ledger" for entry in env.ledger() if entry.kind != "backup"]
    with env.database.read() as conn:
        rows = backups.list(conn, env.project_id, BackupFilter(), Page(limit=10)).items
    return found + [f"a backup that is {one.status}" for one in rows if one.status != "available"]
