"""A restore as a new server: server, disks, ports and addresses come back as they were, and a failure leaves nothing."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from democloud.client import Client
from opencbr.cloud.capture import read_server
from opencbr.democloud.compute import boot
from opencbr.democloud.compute.keypairs import make_keypair
from opencbr.democloud.network.ports import make_port
from opencbr.jobs.context import JobContext
from opencbr.jobs.new_server import server
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.new_server.server import await_servers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.document import Reading
from opencbr.model.errors import CbrError
from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import NEW
from opencbr.store import ledger, restore_plans, tables
from opencbr.store.errors import RecordDamaged
from opencbr.store.ledger import Entry
from support.fidelity import difference, told
from support.full_server import FullServers
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import JobEnv

SERVER = "db1"


def read(env: JobEnv, server_id: str) -> Reading:
    return read_server(
        env.cloud.reader(),
        server_id=server_id,
        project_id=env.project_id,
        exclude=frozenset(),
        include=frozenset(),
        clock=env.clock,
    )


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud is as it was afterwards: each test loses a server and more."""
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def backed_up(env: JobEnv, ctx: JobContext, name: str = SERVER) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(name)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def new_server(log: OperationLog) -> str:
    assert log.status == "success", (log.error_code, log.error_message)
    return str(log.details["target_resource_id"])


def test_a_deleted_server_comes_back_as_it_was(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    before = told(read(env, env.server_id(SERVER)))
    digests = sorted(env.demo.sha256(env.volume_id(f"db1-{name}")) for name in ("root", "data", "archive"))
    env.lose_server(SERVER)
    log = carry_out_inline(env, ctx, env.request_new_server(backup_id))
    server_id = new_server(log)
    assert server_id == env.server_id(SERVER)
    after = told(read(env, server_id))
    # The key pair was the user's, and the new server is the service's: only its name is with the server.
    gone = {key: both for key, both in difference(before, after).items() if key[0] != "keypair"}
    assert gone == {}
    assert len(before) >= 80
    assert (
        sorted(env.demo.sha256(env.volume_id(f"db1-{name}")) for name in ("root", "data", "archive"))
        == digests
    )
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    report = log.details["report"]
    assert report["restored"] > 300
    assert {row["became"] for row in report["not_as_before"]} <= {"impossible", "mapped", "skipped"}


@pytest.mark.parametrize("emptied", [False, True], ids=["the project stands", "the project is emptied"])
def test_a_server_with_all_that_there_is_comes_back_as_it_was(place: JobEnv, ctx: JobContext, emptied: bool):
    """The same as `tests/openstack/test_restored_as_new.py` has on a real cloud."""
    env = place
    servers = FullServers(Client("demo", str(env.clouds_file)))
    full = servers.make()
    backup_id = backed_up(env, ctx, f"{servers.objects.prefix}-full")
    before = told(read(env, full.id))
    servers.delete(full)
    changes = {}
    if emptied:
        servers.delete_surroundings(full)
        plan = env.plan_new_server(backup_id)
        ports = tuple(replace(port, network=NEW) for port in plan.mapping.ports)
        groups = dict.fromkeys(full.groups, NEW)
        changes = {"ports": ports, "security_groups": groups, "server_group": NEW}
        changes["routers"] = {full.router: NEW}
        # First one that fails at its end, with everything made: all of it is removed.
        was, failure = env.things(), env.demo.fail("server.built", times=0, reason="as requested")
        log = carry_out_inline(env, ctx, env.request_new_server(backup_id, **changes))
        assert "as requested" in log.error_message
        assert "still in the cloud" not in log.error_message
        assert env.things() == was
        failure.times = failure.hits
    env.demo.calls.clear()
    made = new_server(carry_out_inline(env, ctx, env.request_new_server(backup_id, **changes)))
    after = told(read(env, made))
    gone = {key: both for key, both in difference(before, after).items() if key[0] != "keypair"}
    assert gone == {}
    assert len(before) >= 400
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    if emptied:
        own = {port["network_id"] for port in env.upstream("port") if port["device_id"] == made}
        assert own
        assert own <= named_before_the_boot(env)


def named_before_the_boot(env: JobEnv) -> set[str]:
    """The networks that were renamed before a server was made: Nova tells its addresses by the name it met then."""
    calls = [f"{call.method} {call.path}" for call in env.demo.calls.find()]
    before = calls[: calls.index("POST /v2.1/servers")]
    return {
        found[1] for call in before if (found := re.fullmatch(r"PUT /v2\.0/networks/([0-9a-f-]{36})", call))
    }


FAILING = {
    "Nova ends the server in an error": ("server.built", "as requested"),
    "Cinder cannot write": ("backup.restored", "as requested"),
    "a volume is not made": ("volume.created", "ended in status error"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_restore_that_fails_leaves_nothing(place: JobEnv, ctx: JobContext, what: str):
    env = place
    work, words = FAILING[what]
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    was = env.things()
    operation = env.request_new_server(backup_id)
    failure = env.demo.fail(work, times=0, reason="as requested")
    log = carry_out_inline(env, ctx, operation)
    assert log.status == "failed"
    assert words in log.error_message
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    backup = env.backup(backup_id)
    assert backup is not None
    assert backup.status == "available"
    # The plan is let go: it can be carried out again.
    failure.times = failure.hits
    again = env.plans().apply(env.context(), str(operation.parameters["plan_id"]))
    assert new_server(carry_out_inline(env, ctx, again))


def test_a_restore_that_is_cancelled_leaves_nothing(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    was = env.things()
    operation = env.request_new_server(backup_id)
    env.cancel(operation)
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, "cancelled by request" in log.error_message) == ("failed", True)
    assert env.things() == was


def test_a_boot_that_hangs_is_cancelled(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    was, operation, clock = env.things(), env.request_new_server(backup_id), WatchedClock(env.demo)
    env.demo.fail("server.built", stick=True)

    def before_sleep() -> None:
        if env.log(operation).step == "forget":  # the step before is the last that has ended
            env.cancel(operation)

    clock.before_sleep = before_sleep
    try:
        log = carry_out_inline(env, replace(ctx, clock=clock), operation)
    finally:
        env.demo.backend.failures.clear()
    assert (log.status, log.error_message) == ("failed", "step boot: cancelled by request")
    assert env.things() == was


def test_a_floating_ip_that_was_led_elsewhere_meanwhile_is_left_there(
    place: JobEnv, ctx: JobContext, monkeypatch: pytest.MonkeyPatch
):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    was, operation = env.things(), env.request_new_server(backup_id)
    (floating,) = [one["id"] for one in env.upstream("floatingip") if one["port_id"] is None]
    other = next(one for one in env.upstream("port") if one["device_id"] == env.server_id("web1"))
    led = {"port_id": other["id"], "fixed_ip_address": other["fixed_ips"][0]["ip_address"]}

    def boot(parts: Parts) -> None:
        await_servers(parts)
        found = state_of(env, "floatingip", floating)
        with env.demo.backend.state.change():
            env.demo.backend.state.put("floatingip", found | led)

    monkeypatch.setattr(server, "await_servers", boot)
    log = carry_out_inline(env, ctx, operation)
    assert log.status == "failed"
    assert f"floating IP {floating} was led to port {other['id']}" in log.error_message
    found = state_of(env, "floatingip", floating)
    assert {name: found[name] for name in led} == led
    assert env.things() == was


def test_a_cloud_that_has_moved_is_told_and_nothing_is_made(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    plan = env.plan_new_server(backup_id)
    assert plan.status == "ready"
    state = env.demo.backend.state
    with state.change():
        network = state.find("network", name="demo-net")
        assert network is not None
        make_port(env.demo.backend, env.project_id, network, groups=[], address="10.1.0.20")
    was = env.things()
    with pytest.raises(CbrError, match="is taken by port") as raised:
        env.plans().apply(env.context(), plan.id)
    assert raised.value.status == 409
    assert env.things() == was


def test_a_key_pair_of_the_service_s_own_keeps_its_name_and_is_not_deleted(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    service = str(env.demo.account("opencbr")["user_id"])
    with env.demo.backend.state.change():
        make_keypair(env.demo.backend, service, "demo-key", "ssh-rsa b3RoZXI= other")
    try:
        log = carry_out_inline(env, ctx, env.request_new_server(backup_id))
        server = state_of(env, "server", new_server(log))
        assert server["key_name"].startswith("opencbr-")
        (told,) = [note for note in log.details["notes"] if "another key pair called demo-key" in note]
        mapped = {
            one["field"]: one for one in log.details["report"]["not_as_before"] if "key" in one["field"]
        }
        assert (mapped["server.key_name"]["became"], mapped["server.key_name"]["why"]) == ("mapped", told)
        pairs = env.things()["keypair"]
        assert f"{service}/demo-key" in pairs
        assert not [one for one in pairs if "opencbr-" in one]
    finally:
        with env.demo.backend.state.change():
            env.demo.backend.state.drop("keypair", f"{service}/demo-key")


def state_of(env: JobEnv, kind: str, id_: str) -> dict[str, Any]:
    with env.demo.backend.state.change():
        found = env.demo.backend.state.get(kind, id_)
    assert found is not None
    return dict(found)


def test_two_restores_of_one_key_name_take_turns(place: JobEnv, ctx: JobContext):
    """While another restore has the name, which the ledger knows, this one waits; and both servers show it."""
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    operation = env.request_new_server(backup_id)
    now = env.clock.now()
    other = Entry(
        id=new_id(now),
        project_id=env.project_id,
        operation_log_id=new_id(now),
        kind="keypair",
        key="key",
        name="demo-key",
        created_at=now,
        updated_at=now,
    )
    with env.database.write() as conn:
        ledger.plan(conn, other)
    clock = WatchedClock(env.demo)

    def let_go() -> None:
        if any("waiting for it" in note for note in env.log(operation).details.get("notes", ())):
            with env.database.write() as conn:
                ledger.gone(conn, other.id)

    clock.before_sleep = let_go
    log = carry_out_inline(env, replace(ctx, clock=clock), operation)
    assert state_of(env, "server", new_server(log))["key_name"] == "demo-key"


def test_two_projects_whose_key_pairs_share_a_name_are_restored_at_once(place: JobEnv, ctx: JobContext):
    """Both servers show the name, each pair is there for one of them at a time, and none is left."""
    env, other = place, copy(place)
    other.project_id = str(env.demo.account("other")["project_id"])
    with env.demo.backend.state.change():
        state = env.demo.backend.state
        stranger = state.get("server", env.server_id("foreign1"))
        assert stranger is not None
        make_keypair(env.demo.backend, stranger["user_id"], "demo-key", "ssh-rsa c3RyYW5nZXI= stranger")
        state.put("server", stranger | {"key_name": "demo-key"})
    operations = []
    for one, name in ((env, SERVER), (other, "foreign1")):
        backup_id = backed_up(one, ctx, name)
        one.lose_server(name)
        operations.append((one, one.request_new_server(backup_id)))
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(carry_out_inline, one, job_context(one), log) for one, log in operations]
    servers = [state_of(env, "server", new_server(future.result())) for future in futures]
    assert [server["key_name"] for server in servers] == ["demo-key", "demo-key"]
    assert {server["project_id"] for server in servers} == {env.project_id, other.project_id}
    service = str(env.demo.account("opencbr")["user_id"])
    assert not [pair for pair in env.things()["keypair"] if pair.startswith(service)]
    assert {entry.kind for entry in env.ledger()} == {"backup"}


def test_the_password_that_nova_gives_a_new_server_stands_nowhere(
    place: JobEnv, ctx: JobContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    password = "what-nova-calls-adminPass"
    monkeypatch.setattr(boot, "secrets", SimpleNamespace(token_urlsafe=lambda _: password))
    backup_id = backed_up(place, ctx)
    place.lose_server(SERVER)
    caplog.set_level("DEBUG")
    new_server(carry_out_inline(place, ctx, place.request_new_server(backup_id)))
    made = place.demo.calls.find(service="compute", method="POST", path="/servers$")
    assert [call.status for call in made] == [202], "the password was sent"
    with place.database.read() as conn:
        rows = [row for table in tables.metadata.sorted_tables for row in conn.execute(table.select())]
    assert rows
    assert password not in repr(rows)
    assert password not in caplog.text


def test_nothing_of_a_plan_stands_in_the_database_in_clear(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    plan = env.plan_new_server(backup_id)
    with env.database.read() as conn:
        stored = restore_plans.get(conn, env.project_id, plan.id)
    assert stored is not None
    opened = env.records.open_plan(env.project_id, plan.id, stored.key_id, stored.sealed)
    user_data = json.loads(opened)["blueprint"]["servers"][0]["user_data"]
    assert b"correct-horse" in b64decode(user_data)
    for text in (b"db1", b"demo-key", user_data.encode()):
        assert text in opened
        assert text not in stored.sealed
    assert user_data not in json.dumps([row.value for row in plan.rows])
    stranger = str(env.demo.account("other")["project_id"])
    with pytest.raises(RecordDamaged):
        env.records.open_plan(stranger, plan.id, stored.key_id, stored.sealed)
