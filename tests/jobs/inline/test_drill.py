"""A drill: the server stands in networks of its own as the plan says, what is found is kept, and all of it is removed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.drill.look import look
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.drill import Drill
from opencbr.model.operation_log import OperationLog
from opencbr.store import restore_plans
from support.inline_job import carry_out_inline, job_context
from support.job_env import QUICK, JobEnv

SERVER = "db1"
MEMBERS = ("root", "data", "archive")


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def backed_up(env: JobEnv, ctx: JobContext, name: str = SERVER) -> str:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind(name)))
    assert log.status == "success", log.error_message
    return log.backup_id or ""


def docs(env: JobEnv, kind: str) -> list[dict[str, Any]]:
    state = env.demo.backend.state
    with state.change():
        return [dict(one) for one in state.all(kind)]


class Drilling:
    """Drills backups; `when_up` is called each time when the drill's server stands, before it is looked at."""

    def __init__(self, env: JobEnv, ctx: JobContext) -> None:
        self.env = env
        self.ctx = ctx
        self.when_up: Callable[[str], None] = lambda server_id: None

    def look(self, parts: Parts) -> None:
        self.when_up(parts.ids("server")[parts.server.key])
        look(parts)

    def __call__(self, backup_id: str) -> tuple[OperationLog, Drill]:
        operation = self.env.request_drill(backup_id)
        log = carry_out_inline(self.env, self.ctx, operation)
        return log, self.env.drill(operation)


@pytest.fixture
def drill(place: JobEnv, ctx: JobContext, monkeypatch: pytest.MonkeyPatch) -> Drilling:
    drilling = Drilling(place, ctx)
    monkeypatch.setattr("opencbr.jobs.drill.job.look", drilling.look)
    return drilling


def gone_again(env: JobEnv, was: dict[str, set[str]], backup_id: str) -> None:
    """Nothing of a drill is left, in the cloud and here."""
    assert env.things() == was
    assert {entry.kind for entry in env.ledger()} == {"backup"}
    assert take_stock(env.database, env.cloud).orphans == ()
    backup = env.backup(backup_id)
    assert backup is not None
    assert backup.status == "available"


def test_the_server_stands_apart_with_the_bytes_of_the_backup_and_goes(
    place: JobEnv, ctx: JobContext, drill: Drilling
):
    env = place
    backup_id = backed_up(env, ctx)
    original, was = env.server_id(SERVER), env.things()
    digests = sorted(env.demo.sha256(env.volume_id(f"{SERVER}-{name}")) for name in MEMBERS)
    own = {one["mac_address"] for one in docs(env, "port") if one["device_id"] == original}
    stood: list[list[Any]] = []

    def when_up(server_id: str) -> None:
        (server,) = [one for one in docs(env, "server") if one["id"] == server_id]
        ports = [one for one in docs(env, "port") if one["device_id"] == server_id]
        volumes = [one["id"] for one in docs(env, "volume") if one["id"] not in was["volume"]]
        routers = [one for one in docs(env, "port") if one["device_owner"].startswith("network:router")]
        stood.append([server, ports, sorted(env.demo.sha256(one) for one in volumes), routers])

    drill.when_up = when_up
    log, found = drill(backup_id)
    assert (log.status, log.error_message) == ("success", "")
    ((server, ports, bytes_, routers),) = stood
    assert bytes_ == digests
    assert {one["mac_address"] for one in ports} == own
    assert {one["network_id"] for one in ports} & was["network"] == set()
    assert {one["network_id"] for one in routers} <= was["network"]
    assert {group for one in ports for group in one["security_groups"]} & was["security-group"] == set()
    assert (server["key_name"], server["user_data"]) == (None, None)
    assert (found.verdict, found.reason) == ("unchecked", "booted, content unchecked")
    assert [one.kind for one in found.findings] == ["server", "disk", "disk", "disk", "port", "port"]
    assert all(one.held for one in found.findings)
    assert found.duration_seconds is not None
    assert found.duration_seconds > 0
    assert (log.details["verdict"], log.id) == ("unchecked", found.id)
    with env.database.read() as conn:
        assert restore_plans.get(conn, env.project_id, str(log.parameters["plan_id"])) is None
    gone_again(env, was, backup_id)


def test_a_drill_of_a_server_that_is_gone_works_as_well(place: JobEnv, ctx: JobContext, drill: Drilling):
    backup_id = backed_up(place, ctx)
    place.lose_server(SERVER)
    was = place.things()
    _, found = drill(backup_id)
    assert found.verdict == "unchecked", found.reason
    gone_again(place, was, backup_id)


def test_a_server_that_boots_from_an_image_has_its_root_disk_from_the_one_of_the_backup(
    place: JobEnv, ctx: JobContext, drill: Drilling
):
    env, name = place, "web1"
    server = env.server_id(name)
    env.demo.write(server, b"the root disk", offset=1 << 20)
    digests = {env.demo.sha256(server), env.demo.sha256(env.volume_id("web1-data"))}
    backup_id = backed_up(env, ctx, name)
    env.demo.write(server, b"written since", offset=1 << 20)
    now = env.demo.sha256(server)
    (image,), was = env.images(), env.things()
    stood: list[set[str]] = []

    def when_up(made: str) -> None:
        volumes = [one["id"] for one in docs(env, "volume") if one["id"] not in was["volume"]]
        stood.append({env.demo.sha256(one) for one in (made, *volumes)})

    drill.when_up = when_up
    log, found = drill(backup_id)
    assert (log.status, log.error_message, found.verdict) == ("success", "", "unchecked")
    assert stood == [digests]
    assert [one.kind for one in found.findings] == ["server", "disk", "disk", "port"]
    assert (found.findings[1].name, found.findings[1].said) == ("root disk", f"from image {image['id']}")
    assert env.demo.sha256(server) == now, "the server that stands keeps what was written since"
    assert [one["id"] for one in env.images()] == [image["id"]]
    assert env.things() == was
    assert sorted(entry.kind for entry in env.ledger()) == ["backup", "image"]


def test_a_drill_from_the_original_image_says_that_the_backup_has_no_root_disk(
    place: JobEnv, drill: Drilling
):
    with place.cloud_kept():
        drill.ctx = job_context(place, settings=msgspec.structs.replace(QUICK, root_images=False))
        _, found = drill(backed_up(place, drill.ctx, "web1"))
    assert found.verdict == "unchecked"
    assert found.findings[1].said.endswith("the original one: this backup has nothing of it")


FAILING = {
    "Nova ends the server in an error": ("server.built", "as requested"),
    "Cinder cannot write": ("backup.restored", "as requested"),
    "a volume is not made": ("volume.created", "ended in status error"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_backup_that_cannot_be_restored_fails_its_drill(
    place: JobEnv, ctx: JobContext, drill: Drilling, what: str
):
    env = place
    work, words = FAILING[what]
    backup_id = backed_up(env, ctx)
    was = env.things()
    with env.failing(work):
        log, found = drill(backup_id)
    assert (log.status, found.verdict) == ("failed", "failed")
    assert words in found.reason
    assert found.duration_seconds is None
    gone_again(env, was, backup_id)


WRONG = {
    "a disk is missing": ("attachment", "server_id", {"server_id": "another"}, "not on the server"),
    "an address is another": ("port", "device_id", {"fixed_ips": []}, "is missing"),
    "a MAC is another": ("port", "device_id", {"mac_address": "fa:16:3e:00:00:99"}, "its MAC should be"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_server_that_comes_up_otherwise_than_planned_fails_its_drill(
    place: JobEnv, ctx: JobContext, drill: Drilling, what: str
):
    env = place
    kind, owner, changes, words = WRONG[what]
    backup_id = backed_up(env, ctx)
    was, state = env.things(), env.demo.backend.state

    def when_up(server_id: str) -> None:
        with state.change():
            doc = max(state.all(kind, **{owner: server_id}), key=lambda one: str(one["id"]))
            state.put(kind, doc | changes)

    drill.when_up = when_up
    log, found = drill(backup_id)
    assert (log.status, log.error_code, found.verdict) == ("failed", "2005", "failed")
    assert words in found.reason
    assert [one.held for one in found.findings].count(False) == 1
    assert found.duration_seconds is None
    assert {
        kind: ids - was[kind] for kind, ids in env.things().items() if kind in ("server", "port", "network")
    } == {
        "server": set(),
        "port": set(),
        "network": set(),
    }


def test_a_drill_that_is_cancelled_says_so_and_leaves_nothing(place: JobEnv, ctx: JobContext):
    backup_id = backed_up(place, ctx)
    was = place.things()
    operation = place.request_drill(backup_id)
    place.cancel(operation)
    log = carry_out_inline(place, ctx, operation)
    found = place.drill(operation)
    assert (log.status, found.verdict) == ("failed", "cancelled")
    gone_again(place, was, backup_id)


QUOTAS = {"Cinder": ("quota", {"volumes": 4}), "Neutron": ("network-quota", {"network": 1})}


@pytest.mark.parametrize("service", QUOTAS)
def test_a_quota_without_room_skips_the_drill_and_tells_both_numbers(
    place: JobEnv, ctx: JobContext, drill: Drilling, service: str
):
    env = place
    kind, limits = QUOTAS[service]
    backup_id = backed_up(env, ctx)
    was, state = env.things(), env.demo.backend.state
    ((name, limit),) = limits.items()
    held = [
        one
        for one in docs(env, name.rstrip("s"))
        if env.project_id in (one.get("project_id"), one.get("tenant_id"))
    ]
    with state.change():
        state.put(kind, {"id": env.project_id, **limits})
    try:
        log, found = drill(backup_id)
    finally:
        with state.change():
            state.drop(kind, env.project_id)
    assert (log.status, log.error_code, found.verdict) == ("skipped", "8300", "skipped")
    assert found.reason.startswith(f"the project has {len(held)} of {limit} {name} ")
    gone_again(env, was, backup_id)


FILLED = {
    "instances": (
        "compute",
        "/servers$",
        403,
        {
            "forbidden": {
                "code": 403,
                "message": "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances",
            }
        },
        "already used 10 of 10",
    ),
    "port": (
        "network",
        "/ports$",
        409,
        {
            "NeutronError": {
                "type": "OverQuota",
                "message": "Quota exceeded for resources: ['port'].",
                "detail": "",
            }
        },
        "of 500 port, asked for 1 more",
    ),
    "security_group_rule": (
        "network",
        "/security-group-rules$",
        409,
        {
            "NeutronError": {
                "type": "OverQuota",
                "message": "Quota exceeded for resources: ['security_group_rule'].",
                "detail": "",
            }
        },
        "Quota exceeded for resources",
    ),
}


@pytest.mark.parametrize("quota", FILLED)
def test_a_quota_that_others_fill_meanwhile_skips_the_drill(
    place: JobEnv, ctx: JobContext, drill: Drilling, quota: str
):
    service, path, status, answer, told = FILLED[quota]
    backup_id = backed_up(place, ctx)
    was = place.things()
    body = json.dumps(answer)
    place.demo.faults.inject(service=service, method="POST", path=path, status=status, body=body, times=0)
    try:
        log, found = drill(backup_id)
    finally:
        place.demo.faults.clear()
    assert (log.status, log.error_code, found.verdict) == ("skipped", "8300", "skipped"), log.error_message
    assert told in found.reason
    gone_again(place, was, backup_id)


def test_a_record_that_says_too_little_fails_the_drill(place: JobEnv, ctx: JobContext, drill: Drilling):
    backup_id = backed_up(place, ctx)
    was, state = place.things(), place.demo.backend.state
    with state.change():
        flavors = [dict(one) for one in state.all("flavor")]
        for one in flavors:
            state.drop("flavor", one["id"])
    try:
        log, found = drill(backup_id)
    finally:
        with state.change():
            for one in flavors:
                state.put("flavor", one)
    assert (log.status, found.verdict) == ("failed", "failed")
    assert "choose another one" in found.reason
    gone_again(place, was, backup_id)
