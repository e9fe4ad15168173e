"""A drill: while its server stands, in a network of its own, every disk has the bytes of the backup; afterwards all is gone."""

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from disk_bytes import bytes_of, disk_of, expected
from made_things import things

from sdk.installation import eventually
from support.full_stack import FullStack

Json = dict[str, Any]

CHECK = """
import pathlib, shutil, sys, time
folder = pathlib.Path(sys.argv[1])
folder.joinpath("told").write_text(sys.stdin.read())
folder.joinpath("told").rename(folder / "stands.json")
while not folder.joinpath("over").exists():
    time.sleep(0.2)
"""
"""The operator's check: it says what stands, and holds once the test has looked at that."""


@dataclass(frozen=True)
class Meeting:
    """Where the check and the test meet."""

    folder: Path

    def stands(self) -> Json | None:
        told = self.folder / "stands.json"
        found: Json | None = json.loads(told.read_text()) if told.exists() else None
        return found

    def over(self) -> None:
        (self.folder / "over").touch()


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Meeting:
    return Meeting(tmp_path_factory.mktemp("meeting"))


@pytest.fixture(scope="module", name="settings")
def _settings(meeting: Meeting) -> str:
    command = [sys.executable, "-c", CHECK, str(meeting.folder)]
    return f'[[drill.checks]]\nname = "a look"\ncommand = {json.dumps(command)}\nseconds = 600\n'


def test_the_bytes_of_every_disk_while_a_drill_stands(stack: FullStack, meeting: Meeting):
    objects = stack.cloud_objects
    content = {name: secrets.token_bytes(1 << 20) for name in ("root", "data")}
    disks = {disk_of(stack, name, bytes_): bytes_ for name, bytes_ in content.items()}
    server = objects.server("drilled", volumes=[*disks], ports=[objects.port("drilled")])
    own = ports_of(stack, server)
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "to-try")
        was = things(stack.tenant)
        answer = stack.member.call("POST", "drills", {"drill": {"resource_id": server}})
        assert answer.status_code == 202, answer.text
        drill = answer.json()["drill"]
        try:
            stands = eventually(lambda: _stands(stack, drill["id"], meeting), "the drill stands", 600)
            for disk in stands["disks"]:
                there = bytes_of(stack, source_volid=disk["volume_id"])
                assert there == expected(disks.pop(disk["captured_volume_id"]), 1)
            assert disks == {}
            apart = ports_of(stack, stands["server_id"])
            assert {port["mac_address"] for port in apart} == {port["mac_address"] for port in own}
            assert addresses(apart) == addresses(own)
            assert {port["network_id"] for port in apart} & {port["network_id"] for port in own} == set()
        finally:
            meeting.over()
        found = eventually(lambda: _ended(stack, drill["id"]), "the drill has ended", 600)
        assert (found["verdict"], found["reason"]) == ("passed", "booted, all checks held")
        assert all(one["held"] for one in found["findings"])
        assert found["duration_seconds"] > 0
        tested = stack.member.get(f"backups/{backup['id']}")["backup"]["extend_info"]["restore_tested"]
        assert (tested["drill_id"], tested["verdict"]) == (drill["id"], "passed")
        assert things(stack.tenant) == was
        orphans = stack.opencbr("orphans", "list")
        assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr


def _stands(stack: FullStack, drill_id: str, meeting: Meeting) -> Json | None:
    if ended := _ended(stack, drill_id):
        raise AssertionError(ended["reason"])
    return meeting.stands()


def _ended(stack: FullStack, drill_id: str) -> Json | None:
    drill: Json = stack.member.get(f"drills/{drill_id}")["drill"]
    return drill if drill["verdict"] else None


def ports_of(stack: FullStack, server: str) -> list[Json]:
    found: list[Json] = stack.tenant.get("network", f"/v2.0/ports?device_id={server}")["ports"]
    assert found
    return found


def addresses(ports: list[Json]) -> set[str]:
    return {fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]}
