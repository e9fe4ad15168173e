"""Every byte of every disk comes back, from each kind of backup, by each client: one server and one chain of backups."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from disk_bytes import (
    bytes_of,
    cinder_backup,
    digests_of,
    disk_of,
    expected,
    extend,
    overwrite,
    remove,
)
from huaweicloudsdkcbr import v1
from openstack_client import openstack_client
from restoring import act, asked, ended, how_it_is, in_order_of_devices, restored_as_new

from sdk.installation import eventually
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough  # half an hour on a machine that has other work

Json = dict[str, Any]
_LOCK = {"locked_reason": "a test's own"}


@dataclass
class Chain:
    """A server with a root and a data disk of random bytes, and its backups as they are made.

    `held` is what its disks hold, `kept` what each backup holds: volume -> the bytes that it begins with.
    """

    stack: FullStack
    vault: Json
    server: str
    sizes: dict[str, int]
    held: dict[str, bytes]
    kept: dict[str, dict[str, bytes]] = field(default_factory=dict)
    backups: dict[str, Json] = field(default_factory=dict)

    def back_up(self, name: str) -> Json:
        self.backups[name] = self.stack.back_up(self.vault, name)
        self.kept[name] = dict(self.held)
        return self.backups[name]

    def holds(self, name: str) -> None:
        """Hold the disks against what they had when a backup was made."""
        self.held = self.kept[name]
        assert digests_of(self.stack, self.sizes) == {
            volume: expected(bytes_, self.sizes[volume]) for volume, bytes_ in self.held.items()
        }

    def kinds(self, name: str) -> dict[str, bool]:
        """Say of which disks a backup's Cinder backup is an incremental one."""
        made = self.stack.upstream("backups")
        children = self.backups[name]["children"]
        return {
            child["resource_id"]: made[self.stack.prefix + child["id"]]["is_incremental"]
            for child in children
        }


@pytest.fixture(scope="module")
def chain(stack: FullStack) -> Iterator[Chain]:
    content = {name: secrets.token_bytes(1 << 20) for name in ("root", "data")}
    with ThreadPoolExecutor(2) as pool:
        volumes = list(pool.map(lambda name: disk_of(stack, name, content[name]), content))
    server = stack.cloud_objects.server("bytes", volumes=volumes)
    act(stack, server, "lock", _LOCK)
    held = dict(zip(volumes, content.values(), strict=True))
    try:
        with stack.protected(server) as vault:
            yield Chain(stack, vault, server, dict.fromkeys(volumes, 1), held)
    finally:
        give_up_ways_back(stack)
        act(stack, server, "unlock")


def test_a_full_backup_by_the_sdk(chain: Chain):
    """And the server is as it was, its tenant's lock too; what was written over can be had back."""
    stack, other = chain.stack, secrets.token_bytes(1 << 20)
    chain.back_up("full")
    volume = disk_of(stack, "other", other)
    spoiling = cinder_backup(stack, volume)
    for disk in chain.sizes:
        overwrite(stack, disk, spoiling)
    remove(stack, f"/backups/{spoiling}", "backup")
    chain.held = dict.fromkeys(chain.sizes, other)
    chain.back_up("incremental")
    assert set(chain.kinds("incremental").values()) == {True}
    was = how_it_is(stack, chain.server)
    by_the_sdk(stack, chain.backups["full"]["id"])
    assert how_it_is(stack, chain.server) == was
    kept = stack.upstream("snapshots").values()
    assert {one["volume_id"] for one in kept} == chain.sizes.keys()
    first = min(kept, key=lambda one: str(one["id"]))
    assert bytes_of(stack, snapshot_id=str(first["id"])) == expected(other, 1)
    orphans = stack.opencbr("orphans", "list")
    assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr
    chain.holds("full")
    give_up_ways_back(stack)


def test_an_incremental_one_by_terraform(chain: Chain):
    """Of disks of which one was extended meanwhile: it keeps its size."""
    stack, (root, data) = chain.stack, chain.sizes
    chain.back_up("after-a-restore")
    assert set(chain.kinds("after-a-restore").values()) == {True}
    act(stack, chain.server, "unlock")
    extend(stack, chain.server, data)
    act(stack, chain.server, "lock", _LOCK)
    chain.sizes[data] = 2
    extended = chain.back_up("extended")
    assert chain.kinds("extended") == {root: True, data: False}, "Cinder cannot make an incremental of it"
    assert {child["resource_id"]: child["resource_size"] for child in extended["children"]} == chain.sizes
    was = how_it_is(stack, chain.server)
    by_terraform(stack, chain.backups["incremental"]["id"])
    assert how_it_is(stack, chain.server) == was
    chain.holds("incremental")
    give_up_ways_back(stack)


def test_the_backup_after_a_disk_was_extended_by_the_openstack_client(chain: Chain):
    """And undone: the disks hold again what the restore before it had brought."""
    stack = chain.stack
    job = by_the_openstack_client(stack, chain.backups["extended"]["id"], chain.server)
    chain.holds("extended")
    was = how_it_is(stack, chain.server)
    log = ended(stack, asked(stack, f"restores/{job}/undo"))
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    assert how_it_is(stack, chain.server) == was
    chain.holds("incremental")
    assert stack.upstream("snapshots") == {}, "the way back is gone"


def test_an_incremental_one_after_a_restore_in_place_as_a_new_server(chain: Chain):
    stack, name = chain.stack, "after-a-restore"
    made = restored_as_new(stack, chain.backups[name]["id"], network="keep", beside=True)
    act(stack, made, "unlock")
    volumes = in_order_of_devices(stack.tenant, made)
    for volume in volumes:
        stack.cloud_objects.adopt("volumev3", f"/volumes/{volume}", "volume")
    stack.cloud_objects.adopt("compute", f"/servers/{made}", "server")
    found = digests_of(stack, dict.fromkeys(volumes, 1))
    assert [found[volume] for volume in volumes] == [expected(one, 1) for one in chain.kept[name].values()]


def give_up_ways_back(stack: FullStack) -> None:
    """Delete what restores keep of the disks that they have written over: disks go only without snapshots."""
    for one in stack.upstream("snapshots").values():
        remove(stack, f"/snapshots/{one['id']}", "snapshot")


def by_the_sdk(stack: FullStack, backup_id: str) -> None:
    """RestoreBackup by the vendor's SDK, and its operation log until it ends."""
    client = stack.installation.client()
    request = v1.RestoreBackupRequest(backup_id=backup_id, body=v1.BackupRestoreReq(v1.BackupRestore()))
    assert client.restore_backup(request).status_code == 202
    logs = client.list_op_logs(v1.ListOpLogsRequest(operation_type="restore")).operation_logs
    (log,) = [log for log in logs if log.extra_info.restore.backup_id == backup_id]

    def ended() -> bool:
        shown = client.show_op_log(v1.ShowOpLogRequest(operation_log_id=log.id)).operation_log
        assert shown.status in {"waiting", "running", "success"}, shown.error_info
        return bool(shown.status == "success")

    eventually(ended, "the restore has ended", 600)


def by_terraform(stack: FullStack, backup_id: str) -> None:
    """The calls of Terraform's restore in their order (contract 10.1): `job_id`, then that operation log until success."""
    answer = stack.member.call("POST", f"backups/{backup_id}/restore", {"restore": {}})
    assert answer.status_code == 202, answer.text
    log = ended(stack, answer.json()["job_id"])
    assert (log["status"], log["error_info"]["message"]) == ("success", "")


def by_the_openstack_client(stack: FullStack, backup_id: str, server: str) -> str:
    """`openstack cbr backup restore`, then `task show` until it has ended; the task's id."""
    cbr = openstack_client(stack)
    cbr("backup", "restore", backup_id, "--server-id", server, "--power-on")
    tasks = json.loads(cbr("task", "list", "-f", "json"))
    restores = [one for one in tasks if one["operation_type"] == "restore"]
    task = max(restores, key=lambda one: str(one["created_at"]))["id"]

    def has_ended() -> Json | None:
        told: Json = json.loads(cbr("task", "show", task, "-f", "json"))
        return told if told["ended_at"] else None

    assert not eventually(has_ended, "the restore has ended", 600)["error_code"], "the client shows no status"
    return str(task)
