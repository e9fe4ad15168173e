"""A worker is killed right after Nova has begun to rebuild a server: one that boots from an image, and one whose root volume
nobody may set the status of; another one ends the restore. And a restore is cancelled at that moment.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from disk_bytes import bytes_of, cinder_backup, disk_of, expected, overwrite, remove
from killing import LEASE, after_call, killed_after, nothing_is_left
from made_things import emptied, made_since, things
from restoring import asked, ended, how_it_is
from test_rebuilt_root import finished, identity, restored
from test_root_image import hypervisor

from sdk.installation import eventually
from support.full_stack import FullStack
from support.job_env import SET_STATUS

pytestmark = pytest.mark.thorough

Json = dict[str, Any]
_OF_A_SERVER = r"/servers/[0-9a-f-]{36}/action"


@pytest.fixture(scope="module", name="settings")
def _settings() -> str:
    return f"{LEASE}worker.expiry_seconds = 2\ncloud.sets_volume_status = false\n"


@dataclass
class Scene:
    """A server that boots from a volume and one from an image, what their root disks held and hold `since`, their backups."""

    stack: FullStack
    booted: str
    root: str
    imaged: str
    held: bytes
    since: bytes
    backups: dict[str, Json]


@pytest.fixture(scope="module")
def scene(stack: FullStack) -> Iterator[Scene]:
    objects, held, since = stack.cloud_objects, secrets.token_bytes(1 << 20), secrets.token_bytes(1 << 20)
    with ThreadPoolExecutor(2) as pool:
        root, other = pool.map(lambda one: disk_of(stack, *one), [("root", held), ("since", since)])
    spoiling = cinder_backup(stack, other)
    booted = objects.server("booted", volumes=[root], ports=[objects.port("booted")])
    imaged = objects.server("imaged", volumes=[], image=True, ports=[objects.port("imaged")])
    if stack.demo:
        stack.demo.write(imaged, held)
    with stack.protected(booted, imaged) as vault:
        with hypervisor(stack, held):
            backups = {backup["resource_id"]: backup for backup in stack.back_up_all(vault, "before")}
        overwrite(stack, root, spoiling)
        remove(stack, f"/backups/{spoiling}", "backup")
        if stack.demo:
            stack.demo.write(imaged, since)
            stack.demo.backend.forbidden.add(SET_STATUS)
        yield Scene(stack, booted, root, imaged, held, since, backups)


def test_a_cancelled_one_goes_to_its_end_and_is_undone_by_itself(scene: Scene):
    stack, backup = scene.stack, scene.backups[scene.booted]
    stands(stack, scene.booted)
    was = identity(stack, scene.booted, scene.root)
    with emptied(stack.tenant) as before:
        with after_call(stack, "POST", _OF_A_SERVER, "rebuild", lambda: cancel(stack)):
            job = restored(stack, f"backups/{backup['id']}/restore", {"restore": {}})
        undoing = eventually(lambda: undone_by(stack, job), "a worker has asked for its undoing", 240)
        finished(stack, undoing)
        assert identity(stack, scene.booted, scene.root) == was
        assert bytes_of(stack, source_volid=scene.root) == expected(scene.since, 1)
        nothing_is_left(stack)
        eventually(lambda: things(stack.tenant) == before, "all is as it was", 120)


def test_the_root_volume_of_a_server(scene: Scene):
    stack, backup = scene.stack, scene.backups[scene.booted]
    stands(stack, scene.booted)
    was = identity(stack, scene.booted, scene.root)
    with emptied(stack.tenant) as before:
        with killed_after(stack, "POST", _OF_A_SERVER, "rebuild"):
            job = restored(stack, f"backups/{backup['id']}/restore", {"restore": {}})
        nothing_is_left(stack)
        assert identity(stack, scene.booted, scene.root) == was
        assert made_since(stack.tenant, before) == Counter(snapshots=1), "the way back"
        assert bytes_of(stack, source_volid=scene.root) == expected(scene.held, 1)
        let_go(stack, job)
        eventually(lambda: things(stack.tenant) == before, "the way back is gone", 120)


def test_the_root_disk_of_a_server_that_boots_from_an_image(scene: Scene):
    stack, backup = scene.stack, scene.backups[scene.imaged]
    was = how_it_is(stack, scene.imaged)
    with emptied(stack.tenant) as before:
        with hypervisor(stack, scene.since), killed_after(stack, "POST", _OF_A_SERVER, "rebuild"):
            job = asked(stack, f"backups/{backup['id']}/restore", {"restore": {}})
            log = ended(stack, job)
        assert (log["status"], log["error_info"]["message"]) == ("success", "")
        nothing_is_left(stack)
        assert how_it_is(stack, scene.imaged) == was
        shown = stack.tenant.get("compute", f"/servers/{scene.imaged}", mv="2.79")["server"]
        assert shown["image"]["id"] == backup["extend_info"]["root_image"]["id"]
        assert made_since(stack.tenant, before) == Counter(images=1), "the way back"
        if stack.demo:
            assert stack.demo.read(scene.imaged, length=len(scene.held)) == scene.held
        let_go(stack, job)
        eventually(lambda: things(stack.tenant) == before, "the way back is gone", 120)


def stands(stack: FullStack, server: str) -> None:
    """Skip what needs a server whose rebuild Nova has given up in an earlier test, on a machine that is too busy."""
    if stack.tenant.get("compute", f"/servers/{server}")["server"]["status"] == "ERROR":
        pytest.skip("Nova has given up an earlier rebuild of this server")


def let_go(stack: FullStack, job: str) -> None:
    """Let the way back of a restore go."""
    answer = stack.member.call("POST", f"restores/{job}/confirm")
    assert answer.status_code == 204, answer.text


def cancel(stack: FullStack) -> None:
    """Cancel the restore that is under way, as the operator does."""
    (log,) = stack.member.get("operation-logs?operation_type=restore&status=running")["operation_logs"]
    told = stack.opencbr("operation-logs", "cancel", "--project", stack.tenant.project_id, log["id"])
    assert told.returncode == 0, told.stderr


def undone_by(stack: FullStack, job: str) -> str | None:
    """Give the id of the operation that undoes a restore, once its notes tell it."""
    details = stack.member.get(f"operation-logs/{job}")["operation_log"]["extra_info"].values()
    notes = [note for one in details if isinstance(one, dict) for note in one.get("notes", ())]
    named = [match[1] for note in notes if (match := re.search("is undone by the operation (.+)", note))]
    return named[0] if named else None
