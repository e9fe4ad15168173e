"""Jobs that make things of a plan while calls are answered badly: what is there at the end, and that nothing else is."""

from collections.abc import Callable

from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.restored_backup import backups_of
from opencbr.model.operation_log import OperationLog

from .bad_answers import Call, Runner, faults_in, never_met, strike_each, strike_for_good, waited, would_lie
from .job_env import JobEnv

Things = dict[str, set[str]]
"""The ids of what is in the cloud, by kind (`JobEnv.things`)."""
Wrong = Callable[[JobEnv, OperationLog, Things], list[str]]
"""Says what is wrong with the cloud after a job, once the janitor has been there."""


def made(env: JobEnv, was: Things) -> dict[str, int]:
    return {kind: len(ids - was[kind]) for kind, ids in env.things().items() if ids - was[kind]}


def held(env: JobEnv) -> set[tuple[str, str | None]]:
    """What the ledger has: before such a job that of its backup alone."""
    return {(entry.kind, entry.upstream_id) for entry in env.ledger()}


def whole_or_nothing(whole: dict[str, int]) -> Wrong:
    """All that was wanted is there when the job went well, and nothing of it when it did not."""

    def wrong(env: JobEnv, log: OperationLog, was: Things) -> list[str]:
        left = made(env, was)
        wanted = whole if log.status == "success" else {}
        return [] if left == wanted else [f"it has ended in {log.status}, and this is there: {left}"]

    return wrong


def bear_one_bad_answer(
    runner: Runner, calls: list[Call], fault: str, operation: OperationLog, whole: dict[str, int]
) -> None:
    """Run a job each of whose calls is answered badly once, and see that all is made."""
    env = runner.env
    was, kept = env.things(), held(env)
    struck = strike_each(runner, calls, fault)
    log = runner.run(operation)
    assert (log.status, log.error_message) == ("success", ""), log.error_message
    assert never_met(struck) == []
    assert made(env, was) == whole
    assert held(env) == kept


def bear_for_good(
    runner: Runner,
    calls: list[Call],
    fault: str,
    requested: Callable[[Runner], OperationLog],
    wrong_in: Wrong,
) -> None:
    """Run a job for each of its calls, which stays bad, and see that it ends well or in an error that tells."""
    struck = [call for call in calls if not would_lie(call, fault)]
    judged = {str(call): _judge(runner, call, fault, requested, wrong_in) for call in struck}
    wrong = [f"{call}: {words}" for call, words in judged.items() if words]
    assert not wrong, "\n".join(wrong)


def _judge(
    runner: Runner, call: Call, fault: str, requested: Callable[[Runner], OperationLog], wrong_in: Wrong
) -> list[str]:
    """Run a job one of whose calls stays bad; say what is wrong with its end, its backup, the cloud and the ledger."""
    env = runner.env
    with env.cloud_kept():
        operation = requested(runner)
        was, kept = env.things(), held(env)
        strike_for_good(runner, call, fault)
        log = runner.run(operation)
        env.demo.faults.clear()
        wrong = faults_in(log, call, fault) if log.status == "failed" else []
        wrong += waited(log, call, fault)
        for backup_id in backups_of(operation):
            backup = env.backup(backup_id)
            if backup is None or backup.status != "available":
                wrong.append(f"the backup is {backup and backup.status}")
        runner.clock.sleep(86_400.0)
        remove_leftovers(runner.ctx(env.cloud))
        wrong += wrong_in(env, log, was)
        if held(env) != kept:
            wrong.append("the ledger still has something of it")
        if wrong and log.error_message:
            wrong.append(log.error_message)
    return wrong
