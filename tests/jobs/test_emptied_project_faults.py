"""The calls that make networks, routers, groups and forwardings again, with every kind of bad answer, once and for good."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from democloud.client import Client
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import NEW
from support.bad_answers import FAULTS, FOR_GOOD, VANISHED, Call, Runner
from support.full_server import FullServer, FullServers
from support.made_of_a_plan import bear_for_good, bear_one_bad_answer, made, whole_or_nothing

_SURROUNDINGS = re.compile("network (POST|PUT|DELETE) |compute POST /v2.1/os-server-groups")
"""What is called for more than the server itself; its ports have a matrix in `test_new_server_faults.py` too."""


@dataclass(frozen=True)
class Emptied:
    """A project that has lost a server and all around it: the backup, what a restore makes, and by which calls."""

    backup_id: str
    full: FullServer
    whole: dict[str, int]
    calls: list[Call]

    def requested(self, runner: Runner) -> OperationLog:
        """Ask for the server with all around it made again."""
        return requested(runner, self.backup_id, self.full)


def requested(runner: Runner, backup_id: str, full: FullServer) -> OperationLog:
    ports = runner.env.plan_new_server(backup_id).mapping.ports
    return runner.env.request_new_server(
        backup_id,
        ports=tuple(replace(port, network=NEW) for port in ports),
        security_groups=dict.fromkeys(full.groups, NEW),
        server_group=NEW,
        routers={full.router: NEW},
    )


@pytest.fixture(scope="module")
def emptied(runner: Runner) -> Iterator[Emptied]:
    env = runner.env
    with env.cloud_kept():
        servers = FullServers(Client("demo", str(env.clouds_file)))
        full = servers.make()
        log = runner.run(env.request_backup(env.bind(f"{servers.objects.prefix}-full")))
        assert log.status == "success", log.error_message
        backup_id = log.backup_id or ""
        servers.delete(full)
        servers.delete_surroundings(full)
        was = env.things()
        with env.cloud_kept():
            operation = requested(runner, backup_id, full)
            calls = runner.calls_of(lambda: runner.run(operation))
            whole = made(env, was)
        yield Emptied(backup_id, full, whole, sorted(one for one in calls if _SURROUNDINGS.match(str(one))))
    env.clear()


def test_the_recorded_run_knows_its_calls_by_name(emptied: Emptied) -> None:
    told = " ".join(map(str, emptied.calls))
    for path in ("networks", "subnets", "routers", "security-groups", "security-group-rules", "trunks"):
        assert f"network POST /v2.0/{path}" in told, (path, told)
    assert "/port_forwardings" in told
    assert emptied.whole["router"] == 1


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_bears_one_bad_answer_to_each_of_its_calls(
    runner: Runner, emptied: Emptied, fault: str
) -> None:
    with runner.env.cloud_kept():
        bear_one_bad_answer(runner, emptied.calls, fault, emptied.requested(runner), emptied.whole)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [*FOR_GOOD, VANISHED])
def test_a_restore_ends_well_or_in_an_error_that_tells_when_a_call_stays_bad(
    runner: Runner, emptied: Emptied, fault: str
) -> None:
    bear_for_good(runner, emptied.calls, fault, emptied.requested, whole_or_nothing(emptied.whole))
