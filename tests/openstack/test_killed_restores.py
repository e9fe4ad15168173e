"""A worker is killed right after the first call of a restore that changes bytes or makes a server; another one ends it."""

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from disk_bytes import cinder_backup, digest, digests_of, disk_of, expected, overwrite, remove
from elsewhere import digests_there, member_of_both, planned_elsewhere
from killing import LEASE, killed_after, nothing_is_left
from made_things import emptied, made_since, things
from restoring import (
    asked,
    carried_out,
    ended,
    how_it_is,
    in_order_of_devices,
    planned,
    planned_whole,
    restored_as_new,
)

from support.full_stack import FullStack

pytestmark = pytest.mark.thorough

Json = dict[str, Any]
_WRITES = r"/backups/[0-9a-f-]{36}/restore"
_HANDS_OVER = r"/os-volume-transfer/[0-9a-f-]{36}/accept"


@pytest.fixture(scope="module", name="settings")
def _settings() -> str:
    return LEASE


@dataclass
class Scene:
    """A server of two disks and one of one, backed up in one checkpoint; what the disks held then, and hold `since`."""

    stack: FullStack
    server: str
    held: dict[str, bytes]
    since: dict[str, bytes]
    backup: Json
    second: str
    second_held: bytes


@pytest.fixture(scope="module")
def scene(stack: FullStack) -> Iterator[Scene]:
    names, objects = ("root", "data", "second", "since"), stack.cloud_objects
    contents = {name: secrets.token_bytes(1 << 20) for name in names}
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda name: disk_of(stack, name, contents[name]), names)
        disks = dict(zip(names, made, strict=True))
    own = {disks[name]: contents[name] for name in ("root", "data")}
    server = objects.server("killed", volumes=[*own], ports=[objects.port("killed")])
    second = objects.server("second", volumes=[disks["second"]], ports=[objects.port("second")])
    spoiling = cinder_backup(stack, disks["since"])
    # A project may have ten, and each look at one makes another.
    remove(stack, f"/volumes/{disks['since']}", "volume")
    objects.forget(disks["since"])
    with stack.protected(server, second) as vault:
        backups = {backup["resource_id"]: backup for backup in stack.back_up_all(vault, "before")}
        for volume in own:
            overwrite(stack, volume, spoiling)
        remove(stack, f"/backups/{spoiling}", "backup")
        since = dict.fromkeys(own, contents["since"])
        yield Scene(stack, server, own, since, backups[server], second, contents["second"])


def test_in_place_by_a_plan_and_its_undoing_after_the_first_overwritten_byte(scene: Scene):
    stack = scene.stack
    was = how_it_is(stack, scene.server)
    with emptied(stack.tenant) as before:
        with killed_after(stack, "POST", _WRITES):
            log = carried_out(stack, planned(stack, scene.backup["id"], {}, "in_place"))
        nothing_is_left(stack)
        assert how_it_is(stack, scene.server) == was
        assert made_since(stack.tenant, before) == Counter(snapshots=2), "the way back of both disks"
        hold(stack, scene.held)
        with killed_after(stack, "POST", r"/volumes/[0-9a-f-]{36}/action", "revert"):
            log = ended(stack, asked(stack, f"restores/{log['id']}/undo"))
        assert (log["status"], log["error_info"]["message"]) == ("success", "")
        nothing_is_left(stack)
        assert how_it_is(stack, scene.server) == was
        assert things(stack.tenant) == before, "the way back is gone"
        hold(stack, scene.since)


def test_a_new_server_when_nova_has_begun_it(scene: Scene):
    stack = scene.stack
    with emptied(stack.tenant) as before:
        with killed_after(stack, "POST", "/servers"):
            made = restored_as_new(stack, scene.backup["id"], network="keep", beside=True)
        nothing_is_left(stack)
        assert made_since(stack.tenant, before) == Counter(servers=1, volumes=2, ports=1), "none made twice"
        disks = in_order_of_devices(stack.tenant, made)
        hold(stack, dict(zip(disks, scene.held.values(), strict=True)))


def test_a_new_volume_after_the_first_byte_that_is_written(scene: Scene):
    stack, data = scene.stack, [*scene.held][1]
    with emptied(stack.tenant) as before:
        with killed_after(stack, "POST", _WRITES):
            log = carried_out(stack, planned(stack, scene.backup["id"], {"volume_id": data}, "new_volume"))
        made = str(log["extra_info"]["restore"]["target_resource_id"])
        nothing_is_left(stack)
        assert made_since(stack.tenant, before) == Counter(volumes=1), "none made twice"
        assert digest(stack, made, 1) == expected(scene.held[data], 1)


def test_a_whole_checkpoint_when_nova_has_begun_the_first_of_its_servers(scene: Scene):
    stack, checkpoint = scene.stack, scene.backup["checkpoint_id"]
    mapping = planned_whole(stack, checkpoint, {})["mapping"]
    beside = {"network": "keep", "mac": "new", "address": "new"}
    ports = [{**port, **beside} for port in mapping["ports"]]
    with emptied(stack.tenant) as before:
        plan = planned_whole(stack, checkpoint, {**mapping, "ports": ports})
        with killed_after(stack, "POST", "/servers"):
            told = carried_out(stack, plan)["extra_info"]["restore"]["resources"]
        nothing_is_left(stack)
        assert made_since(stack.tenant, before) == Counter(servers=2, volumes=3, ports=2), "none made twice"
        made = {one["resource_id"]: str(one["target_resource_id"]) for one in told}
        contents = {scene.server: [*scene.held.values()], scene.second: [scene.second_held]}
        assert made.keys() == contents.keys()
        for was, server in made.items():
            disks = in_order_of_devices(stack.tenant, server)
            hold(stack, dict(zip(disks, contents[was], strict=True)))


def test_another_project_when_it_has_the_first_of_the_disks(scene: Scene):
    stack, other = scene.stack, scene.stack.other
    at_home = things(stack.tenant)
    with member_of_both(stack), emptied(other) as before:
        plan = planned_elsewhere(stack, scene.backup["id"])
        with killed_after(stack, "POST", _HANDS_OVER):
            log = carried_out(stack, plan)
        nothing_is_left(stack)
        assert things(stack.tenant) == at_home
        made = made_since(other, before)
        assert {name: made[name] for name in ("servers", "volumes", "ports")} == {
            "servers": 1,
            "volumes": 2,
            "ports": 1,
        }, "none made twice"
        server = str(log["extra_info"]["restore"]["target_resource_id"])
        assert digests_there(stack, server) == [expected(bytes_, 1) for bytes_ in scene.held.values()]


def test_a_drill_when_nova_has_begun_its_server(scene: Scene):
    stack, before = scene.stack, things(scene.stack.tenant)
    with killed_after(stack, "POST", "/servers"):
        answer = stack.member.call("POST", "drills", {"drill": {"backup_id": scene.backup["id"]}})
        assert answer.status_code == 202, answer.text
        id_ = answer.json()["drill"]["id"]
        log = ended(stack, id_)
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    drill = stack.member.get(f"drills/{id_}")["drill"]
    assert (drill["verdict"], drill["reason"]) == ("unchecked", "booted, content unchecked")
    nothing_is_left(stack)
    assert things(stack.tenant) == before


def hold(stack: FullStack, contents: dict[str, bytes]) -> None:
    """See that disks on a server hold these bytes, and nothing else."""
    found = digests_of(stack, dict.fromkeys(contents, 1))
    assert found == {volume: expected(bytes_, 1) for volume, bytes_ in contents.items()}
