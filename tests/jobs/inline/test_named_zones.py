"""A restore as a new server into availability zones by mapping: Nova's for the server, Cinder's for its disks."""

from collections.abc import Iterator
from typing import Any

import pytest

from opencbr.democloud.zones import add_zone
from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.inventory import take_stock
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv

SERVER, ZONE = "db1", "west"
CHOSEN = {"availability_zone": ZONE, "volume_availability_zone": ZONE}
NOVA_S = ("server.OS-EXT-AZ:availability_zone", "server.pinned_availability_zone")


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud has another zone in each service, and is as it was afterwards."""
    state = place.demo.backend.state
    with place.cloud_kept():
        with state.change():
            for service in ("compute", "volume"):
                add_zone(state, service, ZONE)
        yield job_context(place)
        with state.change():
            for id_ in state.ids("zone"):
                state.drop("zone", id_)
    place.clear()


def shown(env: JobEnv, server_id: str) -> dict[str, Any]:
    reader = env.cloud.reader().within(env.project_id)
    answer = reader.ask("compute", f"/servers/{server_id}", microversion=reader.newest("compute"))
    found: dict[str, Any] = answer.json()["server"]
    return found


def backed_up(env: JobEnv, ctx: JobContext) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(SERVER)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def test_server_and_disks_stand_in_the_zones_that_were_chosen(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx)
    digests = sorted(env.demo.sha256(env.volume_id(f"db1-{name}")) for name in ("root", "data", "archive"))
    env.lose_server(SERVER)
    plan = env.plan_new_server(backup_id, **CHOSEN)
    told = {row.field: (row.fate, row.target) for row in plan.rows if row.document == "server@newest"}
    assert {name: told[name] for name in NOVA_S} == dict.fromkeys(NOVA_S, ("mapped", ZONE))
    zones = [row for row in plan.rows if row.field == "volume.availability_zone"]
    assert [(row.value, row.fate, row.target) for row in zones] == [("nova", "mapped", ZONE)] * 3
    was = env.things()
    log = carry_out_inline(env, ctx, env.request_new_server(backup_id, **CHOSEN))
    assert log.status == "success", log.error_message
    made = shown(env, str(log.details["target_resource_id"]))
    assert [made["status"], *(made[name.partition(".")[2]] for name in NOVA_S)] == ["ACTIVE", ZONE, ZONE]
    volumes = env.things()["volume"] - was["volume"]
    with env.demo.backend.state.change():
        docs = [env.demo.backend.state.get("volume", one) or {} for one in volumes]
    assert [(one["status"], one["availability_zone"]) for one in docs] == [("in-use", ZONE)] * 3
    assert sorted(env.demo.sha256(one) for one in volumes) == digests
    became = {(row["field"], row["became"]) for row in log.details["report"]["not_as_before"]}
    assert {(name, "mapped") for name in (*NOVA_S, "volume.availability_zone")} <= became
    assert take_stock(env.database, env.cloud).orphans == ()


def test_a_server_that_asked_for_no_zone_is_bound_to_the_one_that_is_named(place: JobEnv, ctx: JobContext):
    """Though it is the one that it stood in: the plan says so."""
    backup_id = backed_up(place, ctx)
    place.lose_server(SERVER)
    plan = place.plan_new_server(backup_id, availability_zone="nova")
    told = {row.field: (row.value, row.fate) for row in plan.rows if row.document == "server@newest"}
    assert [told[name] for name in NOVA_S] == [("nova", "kept"), (None, "mapped")]
    log = carry_out_inline(place, ctx, place.request_new_server(backup_id, availability_zone="nova"))
    assert log.status == "success", log.error_message
    made = shown(place, str(log.details["target_resource_id"]))
    assert made["pinned_availability_zone"] == "nova"


def test_a_zone_that_is_gone_when_the_job_runs_leaves_nothing(place: JobEnv, ctx: JobContext):
    backup_id = backed_up(place, ctx)
    place.lose_server(SERVER)
    was, operation = place.things(), place.request_new_server(backup_id, availability_zone=ZONE)
    with place.demo.backend.state.change():
        place.demo.backend.state.drop("zone", f"compute:{ZONE}")
    log = carry_out_inline(place, ctx, operation)
    assert (log.status, "availability zone is not available" in log.error_message) == ("failed", True)
    assert place.things() == was
