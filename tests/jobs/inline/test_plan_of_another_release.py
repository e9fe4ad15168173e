"""A restore that is under way while a release comes that keeps plans otherwise: it is taken back, and the plan has expired.

The plans here are those of one server, as they were kept before a plan could have several.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.attempt import Unjournaled
from opencbr.jobs.new_server import networks, volumes
from opencbr.jobs.new_server.flow import Flow
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import OperationLog
from opencbr.store import restore_plans
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv

SERVER = "db1"


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def as_of_one_server(text: bytes) -> bytes:
    """Write a kept plan as it was kept before."""
    plan: dict[str, Any] = json.loads(text)
    parts = plan["blueprint"]
    (server,), groups = parts.pop("servers"), parts.pop("server_groups")
    for thing in (server, *groups):
        del thing["key"]
    for port in parts["ports"]:
        port["on_server"] = port.pop("server") is not None
    for volume in parts["volumes"]:
        del volume["server"]
    plan["blueprint"] = {**parts, "server": server, "server_group": next(iter(groups), None)}
    del plan["backups"]
    return json.dumps(plan).encode()


def kept_before(env: JobEnv, plan_id: str) -> None:
    """Put the same plan there as it was kept before."""
    with env.database.read() as conn:
        stored = restore_plans.get(conn, env.project_id, plan_id)
    assert stored is not None
    text = env.records.open_plan(env.project_id, plan_id, stored.key_id, stored.sealed)
    key_id, sealed = env.records.seal_plan(env.project_id, plan_id, as_of_one_server(text))
    with env.database.write() as conn:
        restore_plans.replace(conn, replace(stored, key_id=key_id, sealed=sealed))


def begun(ctx: JobContext, operation: OperationLog) -> None:
    """Carry the job out until its disks stand, as the worker before the upgrade did."""
    job = Unjournaled(operation.id, operation.project_id, ctx.clock.sleep, lambda: False)
    flow = Flow(job, ctx, operation)
    flow.begin()
    flow.part("ports", 14, networks.make_ports)
    flow.part("volumes", 30, volumes.make_volumes)


def backed_up(env: JobEnv, ctx: JobContext) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(SERVER)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def test_a_restore_that_was_under_way_is_taken_back_and_says_why(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    was, operation = env.things(), env.request_new_server(backup_id)
    begun(ctx, operation)
    assert {kind: len(ids - was[kind]) for kind, ids in env.things().items() if ids - was[kind]} == {
        "port": 2,
        "volume": 3,
    }
    plan_id = str(operation.parameters["plan_id"])
    kept_before(env, plan_id)
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, log.error_code) == ("failed", "2005")
    assert f"restore plan {plan_id} was made by another release: make a new one" in log.error_message
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    backup = env.backup(backup_id)
    assert backup is not None
    assert backup.status == "available"
    again = carry_out_inline(env, ctx, env.request_new_server(backup_id))
    assert again.status == "success", again.error_message


def test_a_plan_that_was_kept_before_has_expired(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    env.lose_server(SERVER)
    plan = env.plan_new_server(backup_id)
    assert plan.status == "ready"
    kept_before(env, plan.id)
    for ask in (env.plans().show, env.plans().apply):
        with pytest.raises(CbrError, match="make a new one") as raised:
            ask(env.context(), plan.id)
        assert (raised.value.status, raised.value.code) == (404, "6302")
