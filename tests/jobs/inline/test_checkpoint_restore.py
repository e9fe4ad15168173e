"""A whole checkpoint as new servers: what several of them need comes back once, and a failure of one leaves nothing of any."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from democloud.client import Client
from opencbr.democloud.network.security_groups import default_group
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


def test_an_application_comes_back_in_another_project(place: JobEnv, ctx: JobContext):
    """All that its servers need is made there once, and their disks are handed over with every byte."""
    env, other = place, str(place.demo.account("other")["project_id"])
    state = env.demo.backend.state
    with state.change():
        default_group(env.demo.backend, other)  # Neutron makes it when it is first looked at
    applications = Applications(Client("demo", str(env.clouds_file)))
    application = applications.make_application(("app", "queue"))
    for number, volume in enumerate(application.volumes):
        env.demo.write(volume, f"disk {number}".encode(), offset=1 << 20)
    digests = sorted(env.demo.sha256(one) for one in application.volumes)
    was, ours = env.things(), [one.id for one in env.ledger()]
    checkpoint = backed_up(env, ctx, *application.servers)
    operation = env.request_checkpoint(checkpoint, project_id=other, **made_again(application))
    # First one whose second server Nova refuses: nothing stays in either project.
    env.demo.faults.inject(service="compute", method="POST", path="/servers$", status=403, after=1, times=0)
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, "answered 403" in log.error_message) == ("failed", True)
    assert env.things() == was
    env.demo.faults.clear()
    again = env.plans().apply(env.context(), str(operation.parameters["plan_id"]))
    log = carry_out_inline(env, ctx, again)
    servers = succeeded(log)
    assert servers.keys() == application.servers.keys()
    with state.change():
        made = [
            (kind, doc)
            for kind, ids in env.things().items()
            for one in ids - was[kind]
            if (doc := state.get(kind, one)) is not None
        ]
    assert {doc["project_id"] or "nobody's: a gateway's port" for _, doc in made} == {
        other,
        "nobody's: a gateway's port",
    }
    whole = {"server": 2, "volume": 3, "attachment": 3, "port": 4, "network": 1, "subnet": 1}
    assert Counter(kind for kind, _ in made) == whole | {"security-group": 2, "router": 1, "server-group": 1}
    assert {doc["status"] for kind, doc in made if kind == "server"} == {"ACTIVE"}
    assert sorted(env.demo.sha256(doc["id"]) for kind, doc in made if kind == "volume") == digests
    assert env.upstream("transfer") == []
    assert {entry.kind for entry in env.ledger() if entry.id not in ours} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    told_of = [row for one in log.details["resources"] for row in one["report"]["not_as_before"]]
    assert {row["became"] for row in told_of if row["field"] == "server.tenant_id"} == {"mapped"}


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
