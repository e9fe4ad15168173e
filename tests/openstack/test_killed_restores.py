"""A worker is killed right after the first call of a restore that changes bytes or makes a server; another one ends it.

The recorder between service and cloud kills it when the cloud has accepted the call, before anybody has the answer.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from disk_bytes import digest, digests_of, disk_of, expected, remove
from restoring import carried_out, how_it_is, planned, restored_as_new

from support.full_stack import FullStack
from support.recording import Exchange

pytestmark = pytest.mark.thorough

Json = dict[str, Any]
_WRITES = r"/backups/[0-9a-f-]{36}/restore"


@pytest.fixture(scope="module", name="settings")
def _settings() -> str:
    """A worker that is silent for ten seconds is dead."""
    return "worker.lease_seconds = 10\n"


@dataclass
class Scene:
    """A server of two disks, what they hold, and its backup."""

    stack: FullStack
    server: str
    held: dict[str, bytes]
    backup: Json
    strikes: int = 0

    def killed_after(self, method: str, path: str) -> None:
        """Kill the worker when the cloud has accepted such a call, before it has the answer, and start another."""
        installation, recorder = self.stack.installation, self.stack.recorder
        self.strikes = 0

        def strike(exchange: Exchange) -> None:
            called = exchange.method == method and re.search(rf"{path}\Z", exchange.path)
            if called and exchange.status == 202 and not self.strikes:
                self.strikes += 1
                installation.worker.kill()
                installation.worker.start()

        recorder.before_answer = strike

    def things(self) -> Counter[str]:
        """Count what the project has of the kinds that restores make."""
        tenant = self.stack.tenant
        return Counter(
            {
                "servers": len(tenant.get("compute", "/servers")["servers"]),
                "volumes": len(tenant.get("volumev3", "/volumes")["volumes"]),
                "snapshots": len(tenant.get("volumev3", "/snapshots")["snapshots"]),
                "ports": len(tenant.get("network", f"/v2.0/ports?project_id={tenant.project_id}")["ports"]),
            }
        )

    def in_order(self) -> None:
        """Nothing is in the cloud that belongs to nothing, and one worker was killed."""
        self.stack.recorder.before_answer = lambda _: None
        assert self.strikes == 1
        orphans = self.stack.opencbr("orphans", "list")
        assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr


@pytest.fixture(scope="module")
def scene(stack: FullStack) -> Iterator[Scene]:
    contents = {name: secrets.token_bytes(1 << 20) for name in ("root", "data")}
    with ThreadPoolExecutor(2) as pool:
        volumes = list(pool.map(lambda name: disk_of(stack, name, contents[name]), contents))
    port = stack.cloud_objects.port("killed")
    server = stack.cloud_objects.server("killed", volumes=volumes, ports=[port])
    with stack.protected(server) as vault:
        held = dict(zip(volumes, contents.values(), strict=True))
        yield Scene(stack, server, held, stack.back_up(vault, "before"))


def test_a_restore_in_place_by_a_plan_after_its_first_overwritten_byte(scene: Scene):
    stack = scene.stack
    was, before = how_it_is(stack, scene.server), scene.things()
    scene.killed_after("POST", _WRITES)
    plan = planned(stack, scene.backup["id"], {}, "in_place")
    try:
        carried_out(stack, plan)
        scene.in_order()
        assert how_it_is(stack, scene.server) == was
        assert scene.things() - before == Counter(snapshots=2), "the way back of both disks"
        found = digests_of(stack, dict.fromkeys(scene.held, 1))
        assert found == {volume: expected(bytes_, 1) for volume, bytes_ in scene.held.items()}
    finally:
        for one in stack.upstream("snapshots").values():
            remove(stack, f"/snapshots/{one['id']}", "snapshot")


def test_a_restore_as_a_new_server_when_nova_has_begun_it(scene: Scene):
    stack = scene.stack
    before = scene.things()
    scene.killed_after("POST", "/servers")
    made = restored_as_new(stack, scene.backup["id"], network="keep", beside=True)
    rows = stack.tenant.get("compute", f"/servers/{made}/os-volume_attachments")["volumeAttachments"]
    ports = stack.tenant.get("network", f"/v2.0/ports?device_id={made}")["ports"]
    for port in ports:
        stack.cloud_objects.adopt("network", f"/v2.0/ports/{port['id']}", "port")
    for row in rows:
        stack.cloud_objects.adopt("volumev3", f"/volumes/{row['volumeId']}", "volume")
    stack.cloud_objects.adopt("compute", f"/servers/{made}", "server")
    scene.in_order()
    assert scene.things() - before == Counter(servers=1, volumes=2, ports=1), "none made twice"
    volumes = [row["volumeId"] for row in sorted(rows, key=lambda row: row["device"])]
    found = digests_of(stack, dict.fromkeys(volumes, 1))
    assert [found[volume] for volume in volumes] == [expected(one, 1) for one in scene.held.values()]


def test_a_restore_as_a_new_volume_after_the_first_byte_that_is_written(scene: Scene):
    stack = scene.stack
    before = scene.things()
    data = [*scene.held][1]
    scene.killed_after("POST", _WRITES)
    plan = planned(stack, scene.backup["id"], {"volume_id": data}, "new_volume")
    made = str(carried_out(stack, plan)["extra_info"]["restore"]["target_resource_id"])
    stack.cloud_objects.adopt("volumev3", f"/volumes/{made}", "volume")
    scene.in_order()
    assert scene.things() - before == Counter(volumes=1), "none made twice"
    assert digest(stack, made, 1) == expected(scene.held[data], 1)
