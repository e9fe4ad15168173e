"""A restore as a new server in another project: the disks are handed over, and a failure leaves nothing in either project."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opencbr.democloud.network.security_groups import default_group
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import DROP
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import JobEnv

SERVER = "db1"
DISKS = tuple(f"db1-{name}" for name in ("root", "data", "archive"))


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud is as it was afterwards. Neutron makes a project's group `default` itself, when that is first looked at."""
    with place.cloud_kept():
        with place.demo.backend.state.change():
            default_group(place.demo.backend, str(place.demo.account("other")["project_id"]))
        yield job_context(place)
    place.clear()


def backed_up(env: JobEnv, ctx: JobContext) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(SERVER)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def new_server(log: OperationLog) -> str:
    assert log.status == "success", (log.error_code, log.error_message)
    return str(log.details["target_resource_id"])


def state_of(env: JobEnv, kind: str, id_: str) -> dict[str, Any]:
    with env.demo.backend.state.change():
        found = env.demo.backend.state.get(kind, id_)
    assert found is not None
    return dict(found)


def whose(env: JobEnv, was: dict[str, set[str]]) -> dict[str, set[str]]:
    """Of each kind of things that were made since: whose they are."""
    made = {kind: ids - was[kind] for kind, ids in env.things().items() if ids - was[kind]}
    return {kind: {state_of(env, kind, one)["project_id"] for one in ids} for kind, ids in made.items()}


def test_the_server_and_all_that_it_needs_are_the_other_project_s(place: JobEnv, ctx: JobContext):
    env, other = place, str(place.demo.account("other")["project_id"])
    digests = sorted(env.demo.sha256(env.volume_id(name)) for name in DISKS)
    backup_id, was = backed_up(env, ctx), env.things()
    log = carry_out_inline(env, ctx, env.request_elsewhere(backup_id))
    assert log.details["target_project_id"] == other
    server = state_of(env, "server", new_server(log))
    assert (server["project_id"], server["name"], server["key_name"]) == (other, SERVER, "demo-key")
    assert server["user_data"] == state_of(env, "server", env.server_id(SERVER))["user_data"]
    kinds = ("server", "volume", "attachment", "port", "network", "subnet", "security-group")
    assert whose(env, was) == {kind: {other} for kind in kinds}
    volumes = env.things()["volume"] - was["volume"]
    assert sorted(env.demo.sha256(one) for one in volumes) == digests
    assert {state_of(env, "volume", one)["name"] for one in volumes} == set(DISKS)
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    told = {(row["field"], row["became"]) for row in log.details["report"]["not_as_before"]}
    assert ("server.tenant_id", "mapped") in told
    backup = env.backup(backup_id)
    assert backup is not None
    assert backup.status == "available"


def test_what_is_shared_with_the_other_project_is_used_as_it_stands(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    state = env.demo.backend.state
    with state.change():
        net = state.find("network", name="demo-net")
        assert net is not None
        state.put("network", net | {"shared": True})
    first = env.plans().create(env.context(), backup_id, env.elsewhere())
    (shared,) = [
        one.member.split(".")[1]
        for one in first.choices
        if one.member.endswith(".network") and "keep" in one.options
    ]
    ports = tuple(
        replace(one, network="keep" if one.port_id == shared else "new") for one in first.mapping.ports
    )
    log = carry_out_inline(env, ctx, env.request_elsewhere(backup_id, ports=ports))
    server_id = new_server(log)
    with state.change():
        networks = {port["network_id"] for port in state.all("port", device_id=server_id)}
    assert net["id"] in networks
    assert len(networks) == 2


FAILING = {
    "Nova ends the server in an error": ("server.built", "as requested"),
    "Cinder cannot write": ("backup.restored", "as requested"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_restore_that_fails_leaves_nothing_in_either_project(place: JobEnv, ctx: JobContext, what: str):
    env = place
    work, words = FAILING[what]
    backup_id, was = backed_up(env, ctx), env.things()
    with env.failing(work):
        log = carry_out_inline(env, ctx, env.request_elsewhere(backup_id))
    assert log.status == "failed"
    assert words in log.error_message
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}


def test_a_handover_that_is_cancelled_leaves_nothing(place: JobEnv, ctx: JobContext):
    env = place
    backup_id, was = backed_up(env, ctx), env.things()
    operation, clock = env.request_elsewhere(backup_id), WatchedClock(env.demo)
    silent = env.demo.faults.inject(service="volume", method="POST", path="/accept$", status=503, times=0)

    def cancel() -> None:
        if silent.hits:
            env.cancel(operation)
            clock.before_sleep = lambda: None

    clock.before_sleep = cancel
    log = carry_out_inline(env, replace(ctx, clock=clock), operation)
    assert (log.status, "step transfer: cancelled by request" in log.error_message) == ("failed", True)
    assert env.things() == was
    assert env.upstream("transfer") == []
    assert {entry.kind for entry in env.ledger()} == {"backup"}


def test_a_quota_that_has_no_room_any_more_is_told_with_its_numbers_and_its_project(
    place: JobEnv, ctx: JobContext
):
    env, other = place, str(place.demo.account("other")["project_id"])
    backup_id, was = backed_up(env, ctx), env.things()
    operation = env.request_elsewhere(backup_id)
    with env.demo.backend.state.change():
        env.demo.backend.state.put("quota", {"id": other, "volumes": 2})
    try:
        log = carry_out_inline(env, ctx, operation)
    finally:
        with env.demo.backend.state.change():
            env.demo.backend.state.drop("quota", other)
    assert (log.status, log.error_code) == ("failed", "8300")
    assert f"project {other} has" in log.error_message
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}


def test_what_a_job_could_not_remove_there_the_janitor_does(place: JobEnv, ctx: JobContext):
    env = place
    backup_id, was = backed_up(env, ctx), env.things()
    operation = env.request_elsewhere(backup_id)
    refused = env.demo.faults.inject(service="volume", method="DELETE", path="/volumes/", status=403, times=0)
    with env.failing("server.built"):
        log = carry_out_inline(env, ctx, operation)
    assert log.status == "failed"
    assert refused.hits
    left = whose(env, was)
    assert left == {"volume": {str(env.demo.account("other")["project_id"])}}
    env.demo.faults.clear()
    clock = WatchedClock(env.demo)
    clock.sleep(86_400.0)
    remove_leftovers(replace(ctx, clock=clock))
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()


def test_a_mapping_of_the_backup_s_own_project_can_be_used_for_another(place: JobEnv, ctx: JobContext):
    """What stands there alone is asked for, not refused: its ids are the backup's own."""
    env = place
    backup_id = backed_up(env, ctx)
    mapping = env.plan_new_server(backup_id, floating_ips={}).mapping
    other = str(env.demo.account("other")["project_id"])
    plan = env.plans().create(env.context(), backup_id, replace(mapping, project_id=other))
    members = {choice.member.partition(".")[0] for choice in plan.choices}
    assert plan.status == "refused"
    assert {"security_groups", "server_group"} <= members
    again = replace(mapping, project_id=other, server_group=DROP)
    assert "server_group" not in {
        choice.member for choice in env.plans().create(env.context(), backup_id, again).choices
    }
