"""A root volume that is restored in place without the right to set its status: by a rebuild of its server, and back."""

import secrets
from typing import Any

import pytest
from disk_bytes import bytes_of, cinder_backup, disk_of, expected, overwrite, remove
from restoring import act, asked, ended, how_it_is
from test_root_image import images

from support.full_stack import FullStack
from support.job_env import SET_STATUS

pytestmark = pytest.mark.thorough

Json = dict[str, Any]
_KEPT = {"hw_disk_bus": "virtio"}


@pytest.fixture(scope="module", name="settings")
def _settings() -> str:
    return "cloud.sets_volume_status = false\n"


def test_random_bytes_on_a_root_volume_come_back_by_a_rebuild_and_go_again(stack: FullStack) -> None:
    objects, tenant = stack.cloud_objects, stack.tenant
    content = {name: secrets.token_bytes(1 << 20) for name in ("root", "other")}
    disks = {name: disk_of(stack, name, bytes_) for name, bytes_ in content.items()}
    root, other = disks["root"], cinder_backup(stack, disks["other"])
    objects.adopt("volumev3", f"/backups/{other}", "backup")
    describe = {"os-set_image_metadata": {"metadata": _KEPT}}
    assert tenant.call("POST", "volumev3", f"/volumes/{root}/action", describe).status_code == 200
    server = objects.server("rebuilt", volumes=[root], ports=[objects.port("front")])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "before")
        act(stack, server, "lock", {"locked_reason": "a test's own"})
        # Cinder's restore of another disk's backup gives the volume what that disk kept of its image, too.
        overwrite(stack, root, other)
        was = identity(stack, server, root)
        if stack.demo:
            stack.demo.backend.forbidden.add(SET_STATUS)
        try:
            job = restored(stack, f"backups/{backup['id']}/restore", {"restore": {}})
            assert identity(stack, server, root) == was
            assert bytes_of(stack, source_volid=root) == expected(content["root"], 1)
            assert (images(stack), len(stack.upstream("snapshots"))) == ([], 1)
            assert "no orphans" in stack.opencbr("orphans", "list").stdout
            restored(stack, f"restores/{job}/undo")
            assert identity(stack, server, root) == was
            assert bytes_of(stack, source_volid=root) == expected(content["other"], 1)
            assert (images(stack), stack.upstream("snapshots")) == ([], {})
        finally:
            act(stack, server, "unlock")
            for one in stack.upstream("snapshots").values():
                remove(stack, f"/snapshots/{one['id']}", "snapshot")


def restored(stack: FullStack, path: str, body: Json | None = None) -> str:
    job = asked(stack, path, body)
    finished(stack, job)
    return job


def finished(stack: FullStack, job: str) -> None:
    """Wait for the success of a restore by rebuild, or of its undoing."""
    log = ended(stack, job)
    # Of a large image Nova waits for the copying, 20 s a GiB: a machine that is busy with other things takes longer.
    if "reimage_timeout_per_gb" in log["error_info"]["message"]:
        pytest.skip(f"this Nova does not wait for this Cinder: {log['error_info']['message']}")
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    (details,) = [one for one in log["extra_info"].values() if isinstance(one, dict) and "notes" in one]
    assert any("by a rebuild of its server" in one for one in details["notes"]), details


def identity(stack: FullStack, server: str, root: str) -> Json:
    """What a rebuild must leave as it is."""
    ports = stack.tenant.get("network", f"/v2.0/ports?device_id={server}")["ports"]
    volume = stack.tenant.get("volumev3", f"/volumes/{root}")["volume"]
    return how_it_is(stack, server) | {
        "ports": [[port["id"], port["mac_address"], port["fixed_ips"]] for port in ports],
        "image": volume["volume_image_metadata"],
        "bootable": volume["bootable"],
    }
