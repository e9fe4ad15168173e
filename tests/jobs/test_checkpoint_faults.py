"""Every upstream call of the restore of a checkpoint, with every kind of bad answer, once and for good."""

from collections import Counter
from typing import Any

import pytest

from democloud.client import Client
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import NEW
from support.application import Applications
from support.bad_answers import FAULTS, FOR_GOOD, VANISHED, Call, Runner
from support.made_of_a_plan import bear_for_good, bear_one_bad_answer, whole_or_nothing

WHOLE = {"server": 2, "volume": 2, "attachment": 2, "port": 4, "network": 1, "subnet": 1}
WHOLE |= {"security-group": 2, "router": 1, "server-group": 1}


def requested(runner: Runner) -> OperationLog:
    """Back up two servers with what they share, lose all of it, and ask for it again."""
    env = runner.env
    env.clear()  # of the run before
    applications = Applications(Client("demo", str(env.clouds_file)))
    applications.objects.prefix = (
        "opencbr-test-faults"  # a key pair's name is in the path of a call: the same in each run
    )
    made = applications.make_application(("app", "queue"), disks=1)
    logs = [runner.run(log) for log in env.request_backups(*made.servers)]
    assert Counter(log.status for log in logs) == {"success": 2}
    applications.delete_application(made)
    mapping: dict[str, Any] = {
        "networks": {made.network: NEW},
        "security_groups": dict.fromkeys(made.groups, NEW),
        "routers": {made.router: NEW},
        "server_group": NEW,
    }
    return env.request_checkpoint(str(logs[0].checkpoint_id), **mapping)


@pytest.fixture(scope="module")
def calls(runner: Runner) -> list[Call]:
    """The calls of such a restore."""
    return runner.calls_of_job(requested)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_bears_one_bad_answer_to_each_of_its_calls(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    bear_one_bad_answer(kept_runner, calls, fault, requested(kept_runner), WHOLE)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_restore_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    kept_runner: Runner, calls: list[Call], fault: str
) -> None:
    bear_for_good(kept_runner, calls, fault, requested, whole_or_nothing(WHOLE))
