"""A whole checkpoint as new servers: what several of them need comes back once, and a failure of one leaves nothing of any."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from democloud.client import Client
from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import NEW, BackupChoices
from support.application import Application, Applications
from support.fidelity import difference, told
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv

from .test_new_server import read


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud is as it was afterwards: each test loses servers and more."""
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def backed_up(env: JobEnv, ctx: JobContext, *names: str, kind: str = "server") -> str:
    logs = env.request_backups(*names, kind=kind)
    for log in logs:
        ended = carry_out_inline(env, ctx, log)
        assert ended.status == "success", ended.error_message
    return logs[0].checkpoint_id or ""


def made_again(application: Application) -> dict[str, Any]:
    """The mapping by which all of an application is made again."""
    return {
        "networks": {application.network: NEW},
        "security_groups": dict.fromkeys(application.groups, NEW),
        "routers": {application.router: NEW},
        "server_group": NEW,
    }


def succeeded(log: OperationLog) -> dict[str, str]:
    """What the servers have become, by their names."""
    assert log.status == "success", (log.error_code, log.error_message)
    return {one["resource_name"]: one["target_resource_id"] for one in log.details["resources"]}


def test_an_application_comes_back_with_what_its_servers_share_made_once(place: JobEnv, ctx: JobContext):
    env = place
    applications = Applications(Client("demo", str(env.clouds_file)))
    application = applications.make_application()
    checkpoint = backed_up(env, ctx, *application.servers)
    before = {name: told(read(env, server)) for name, server in application.servers.items()}
    applications.delete_application(application)
    choices = made_again(application)
    # First one whose third server Nova refuses, with all else made: all of it is removed.
    was = env.things()
    env.demo.faults.inject(service="compute", method="POST", path="/servers$", status=403, after=2, times=0)
    operation = env.request_checkpoint(checkpoint, **choices)
    log = carry_out_inline(env, ctx, operation)
    assert "answered 403" in log.error_message
    assert "still in the cloud" not in log.error_message
    assert env.things() == was
    assert all(one["target_resource_id"] == "" for one in log.details["resources"])
    env.demo.faults.clear()
    again = env.plans().apply(env.context(), str(operation.parameters["plan_id"]))
    log = carry_out_inline(env, ctx, again)
    servers = succeeded(log)
    made = Counter({kind: len(ids - was[kind]) for kind, ids in env.things().items()})
    whole = {"server": 3, "volume": 4, "attachment": 4, "port": 5, "network": 1, "subnet": 1}
    assert +made == whole | {"security-group": 2, "router": 1, "server-group": 1}
    for name, server in servers.items():
        after = told(read(env, server))
        gone = {key: both for key, both in difference(before[name], after).items() if key[0] != "keypair"}
        assert gone == {}
        assert len(after) >= 80
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    shared = {row["document"].partition("/")[0] for row in log.details["report"]["not_as_before"]}
    assert "server" not in shared
    assert log.details["report"]["restored"] > 20
    assert all(one["report"]["restored"] > 40 for one in log.details["resources"])


def test_disks_come_back_as_volumes_on_no_server(place: JobEnv, ctx: JobContext):
    env = place
    names = ("db1-data", "db1-archive")
    checkpoint = backed_up(env, ctx, *names, kind="disk")
    was, digests = env.things(), {name: env.demo.sha256(env.volume_id(name)) for name in names}
    volumes = succeeded(carry_out_inline(env, ctx, env.request_checkpoint(checkpoint)))
    assert {name: env.demo.sha256(volume) for name, volume in volumes.items()} == digests
    assert env.things()["volume"] - was["volume"] == set(volumes.values())
    assert env.things()["attachment"] == was["attachment"]


def test_a_backup_that_is_left_out_is_neither_restored_nor_busy(place: JobEnv, ctx: JobContext):
    env = place
    names = ("db1-data", "db1-archive")
    logs = env.request_backups(*names, kind="disk")
    for log in logs:
        carry_out_inline(env, ctx, log)
    left_out = {str(logs[1].backup_id): BackupChoices(leave_out=True)}
    operation = env.request_checkpoint(str(logs[0].checkpoint_id), backups=left_out)
    held = [env.backup(log.backup_id) for log in logs]
    assert [one.status for one in held if one] == ["waiting_restore", "available"]
    assert succeeded(carry_out_inline(env, ctx, operation)).keys() == {"db1-data"}
    held = [env.backup(log.backup_id) for log in logs]
    assert [one.status for one in held if one] == ["available", "available"]


def test_a_restore_that_is_cancelled_leaves_nothing_and_lets_go_all_backups(place: JobEnv, ctx: JobContext):
    env = place
    checkpoint = backed_up(env, ctx, "db1-data", "db1-archive", kind="disk")
    was = env.things()
    operation = env.request_checkpoint(checkpoint)
    env.cancel(operation)
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, "cancelled by request" in log.error_message) == ("failed", True)
    assert env.things() == was
    assert succeeded(carry_out_inline(env, ctx, env.request_checkpoint(checkpoint)))
