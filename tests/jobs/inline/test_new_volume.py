"""One disk of a backup as a new volume: bytes, type and description are the old disk's, and a failure leaves nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.errors import CbrError
from opencbr.model.operation_log import OperationLog
from opencbr.model.restore_plan.choices import Choices
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv

OTHER = "web1"


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud is as it was afterwards."""
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def backed_up(env: JobEnv, ctx: JobContext, name: str = "db1", kind: str = "server") -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(name, kind)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def volume(env: JobEnv, id_: str) -> dict[str, Any]:
    with env.demo.backend.state.change():
        doc = env.demo.backend.state.get("volume", id_)
    assert doc is not None
    return dict(doc)


def made(env: JobEnv, log: OperationLog) -> dict[str, Any]:
    assert log.status == "success", (log.error_code, log.error_message)
    return volume(env, str(log.details["target_resource_id"]))


def servers_of(env: JobEnv, volume_id: str) -> list[str]:
    with env.demo.backend.state.change():
        return [row["server_id"] for row in env.demo.backend.state.all("attachment", volume_id=volume_id)]


TOLD = ("name", "description", "size", "volume_type", "availability_zone", "metadata", "bootable")


@pytest.mark.parametrize("name", ["db1-root", "db1-data"])
def test_a_disk_comes_back_beside_the_old_one(place: JobEnv, ctx: JobContext, name: str):
    env = place
    backup_id, disk = backed_up(env, ctx), env.volume_id(name)
    digest = env.demo.sha256(disk)
    log = carry_out_inline(env, ctx, env.request_new_volume(backup_id, volume_id=disk))
    found = made(env, log)
    assert found["id"] != disk
    assert env.demo.sha256(found["id"]) == digest
    assert {one: found.get(one) for one in TOLD} == {one: volume(env, disk).get(one) for one in TOLD}
    assert (found["status"], servers_of(env, found["id"])) == ("available", [])
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    assert log.details["report"]["restored"] > 10
    assert {row["became"] for row in log.details["report"]["not_as_before"]} <= {"impossible", "skipped"}


def test_a_disk_comes_onto_a_server_that_is_named(place: JobEnv, ctx: JobContext):
    env, server = place, place.server_id(OTHER)
    backup_id, disk = backed_up(env, ctx), env.volume_id("db1-data")
    env.lose_server("db1")
    log = carry_out_inline(
        env, ctx, env.request_new_volume(backup_id, volume_id=disk, server_id=server, name="rescued")
    )
    found = made(env, log)
    assert (found["name"], found["status"], servers_of(env, found["id"])) == ("rescued", "in-use", [server])
    mapped = [row for row in log.details["report"]["not_as_before"] if row["became"] == "mapped"]
    assert {row["field"] for row in mapped} >= {"volume.name"}


def test_the_backup_of_a_disk_is_a_new_volume_without_a_choice(place: JobEnv, ctx: JobContext):
    env = place
    backup_id = backed_up(env, ctx, "db1-data", "disk")
    log = carry_out_inline(env, ctx, env.request_new_volume(backup_id))
    assert env.demo.sha256(made(env, log)["id"]) == env.demo.sha256(env.volume_id("db1-data"))


FAILING = {
    "Cinder cannot write": ("backup.restored", "as requested"),
    "the volume is not made": ("volume.created", "ended in status error"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_restore_that_fails_leaves_nothing(place: JobEnv, ctx: JobContext, what: str):
    env = place
    work, words = FAILING[what]
    backup_id, disk = backed_up(env, ctx), env.volume_id("db1-data")
    was = env.things()
    operation = env.request_new_volume(backup_id, volume_id=disk, server_id=env.server_id(OTHER))
    failure = env.demo.fail(work, times=0, reason="as requested")
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, words in log.error_message) == ("failed", True)
    assert_nothing_made(env, was, backup_id)
    failure.times = failure.hits
    again = env.plans().apply(env.context(), str(operation.parameters["plan_id"]))
    assert made(env, carry_out_inline(env, ctx, again))


def test_a_server_that_is_locked_meanwhile_ends_it_and_the_volume_is_removed(place: JobEnv, ctx: JobContext):
    env, server = place, place.server_id(OTHER)
    backup_id, disk = backed_up(env, ctx), env.volume_id("db1-data")
    was = env.things()
    operation = env.request_new_volume(backup_id, volume_id=disk, server_id=server)
    state = env.demo.backend.state
    with state.change():
        state.put("server", dict(state.get("server", server) or {}) | {"locked": True, "locked_by": "admin"})
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, "step attach" in log.error_message) == ("failed", True)
    assert_nothing_made(env, was, backup_id)


def test_a_restore_that_is_cancelled_leaves_nothing(place: JobEnv, ctx: JobContext):
    env = place
    backup_id, disk = backed_up(env, ctx), env.volume_id("db1-data")
    was = env.things()
    operation = env.request_new_volume(backup_id, volume_id=disk)
    env.cancel(operation)
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, "cancelled by request" in log.error_message) == ("failed", True)
    assert_nothing_made(env, was, backup_id)


def assert_nothing_made(env: JobEnv, was: dict[str, set[str]], backup_id: str) -> None:
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    backup = env.backup(backup_id)
    assert backup is not None
    assert backup.status == "available"


def test_a_server_that_is_gone_meanwhile_is_told_and_nothing_is_made(place: JobEnv, ctx: JobContext):
    env = place
    backup_id, disk = backed_up(env, ctx), env.volume_id("db1-data")
    choices = Choices(volume_id=disk, server_id=env.server_id(OTHER))
    plan = env.plans().create(env.context(), backup_id, choices, kind="new_volume")
    env.lose_server(OTHER)
    with pytest.raises(CbrError, match="There is no such server") as told:
        env.plans().apply(env.context(), plan.id)
    assert (told.value.code, told.value.status) == ("9900", 409)


def test_a_server_is_one_restore_s_at_a_time(place: JobEnv, ctx: JobContext):
    env, server = place, place.server_id(OTHER)
    backup_id, disk = backed_up(env, ctx), env.volume_id("db1-data")
    second = backed_up(env, ctx, "db1-archive", "disk")
    operation = env.request_new_volume(backup_id, volume_id=disk, server_id=server)
    with pytest.raises(CbrError, match="is being restored already"):
        env.request_new_volume(second, server_id=server)
    assert made(env, carry_out_inline(env, ctx, operation))
    assert made(env, carry_out_inline(env, ctx, env.request_new_volume(second, server_id=server)))
