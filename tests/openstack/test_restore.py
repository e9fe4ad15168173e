"""A restore in place: every byte of root and data disk comes back, the server is as it was; undone, what it held comes back."""

import secrets
from typing import Any

from test_extended_disk import digest, expected, image_of

from sdk.installation import eventually
from support.full_stack import FullStack

Json = dict[str, Any]
_LOCK = {"locked_reason": "a test's own"}


def test_random_bytes_on_root_and_data_disk_come_back(stack: FullStack):
    objects = stack.cloud_objects
    content = {name: secrets.token_bytes(1 << 20) for name in ("root", "data", "other")}
    disks = {name: disk_of(stack, name, bytes_) for name, bytes_ in content.items()}
    other = cinder_backup(stack, disks["other"])
    volumes = {disks[name]: content[name] for name in ("root", "data")}
    server = objects.server("in-place", volumes=[*volumes])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "before")
        act(stack, server, "lock", _LOCK)
        was = how_it_is(stack, server)
        for volume in volumes:
            overwrite(stack, volume, other)
        answer = stack.member.call("POST", f"backups/{backup['id']}/restore", {"restore": {}})
        assert answer.status_code == 202, answer.text
        try:
            log = ended(stack, answer.json()["job_id"])
            assert (log["status"], log["error_info"]["message"]) == ("success", "")
            assert how_it_is(stack, server) == was
            for volume, bytes_ in volumes.items():
                assert bytes_of(stack, source_volid=volume) == expected(bytes_, 1)
            kept = stack.upstream("snapshots")
            assert {one["volume_id"] for one in kept.values()} == volumes.keys()
            for one in kept.values():
                assert bytes_of(stack, snapshot_id=one["id"]) == expected(content["other"], 1)
            orphans = stack.opencbr("orphans", "list")
            assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr
            undo = stack.member.call("POST", f"restores/{answer.json()['job_id']}/undo")
            assert undo.status_code == 202, undo.text
            log = ended(stack, undo.json()["job_id"])
            assert (log["status"], log["error_info"]["message"]) == ("success", "")
            assert how_it_is(stack, server) == was
            for volume in volumes:
                assert bytes_of(stack, source_volid=volume) == expected(content["other"], 1)
            assert stack.upstream("snapshots") == {}, "the way back is gone"
        finally:
            act(stack, server, "unlock")
            for one in stack.upstream("snapshots").values():
                remove(stack, f"/snapshots/{one['id']}", "snapshot")
    remove(stack, f"/backups/{other}", "backup")


def disk_of(stack: FullStack, name: str, content: bytes) -> str:
    """A volume that begins with these bytes and has nothing else; Nova boots from it."""
    with image_of(stack, content) as image:
        return stack.cloud_objects.volume(name, imageRef=image)


def cinder_backup(stack: FullStack, volume: str) -> str:
    body = {"backup": {"volume_id": volume, "name": f"{stack.cloud_objects.prefix}-other"}}
    answer = stack.tenant.call("POST", "volumev3", "/backups", body)
    assert answer.status_code == 202, answer.text
    made = str(answer.json()["backup"]["id"])
    stack.tenant.states(f"/backups/{made}", "backup", {"available"})
    return made


def overwrite(stack: FullStack, volume: str, cinder: str) -> None:
    """Write a Cinder backup over a volume on a server, which an admin makes possible: no guest of a test cloud writes."""
    set_status(stack, volume, "available")
    answer = stack.tenant.call(
        "POST", "volumev3", f"/backups/{cinder}/restore", {"restore": {"volume_id": volume}}
    )
    assert answer.status_code == 202, answer.text
    stack.tenant.states(f"/volumes/{volume}", "volume", {"available"})
    stack.tenant.states(f"/backups/{cinder}", "backup", {"available"})
    set_status(stack, volume, "in-use")


def set_status(stack: FullStack, volume: str, status: str) -> None:
    body = {"os-reset_status": {"status": status}}
    answer = stack.admin.user.call("POST", "volumev3", f"/volumes/{volume}/action", body)
    assert answer.status_code == 202, answer.text


def act(stack: FullStack, server: str, action: str, given: Any = None) -> None:
    answer = stack.tenant.call("POST", "compute", f"/servers/{server}/action", {action: given}, mv="2.79")
    assert answer.status_code == 202, answer.text


def how_it_is(stack: FullStack, server: str) -> Json:
    """What a restore must give back."""
    shown = stack.tenant.get("compute", f"/servers/{server}", mv="2.79")["server"]
    rows = stack.tenant.get("compute", f"/servers/{server}/os-volume_attachments", mv="2.79")
    places = sorted(rows["volumeAttachments"], key=lambda row: row["device"])
    fields = ("volumeId", "device", "tag", "delete_on_termination")
    return {
        "server": [shown[name] for name in ("status", "locked", "locked_reason", "OS-EXT-STS:task_state")],
        "disks": [[row[name] for name in fields] for row in places],
        "statuses": [
            stack.tenant.get("volumev3", f"/volumes/{row['volumeId']}")["volume"]["status"] for row in places
        ],
    }


def ended(stack: FullStack, log_id: str) -> Json:
    def look() -> Json | None:
        log: Json = stack.member.get(f"operation-logs/{log_id}")["operation_log"]
        return log if log["ended_at"] else None

    return eventually(look, "the restore has ended", 600)


def bytes_of(stack: FullStack, **source: str) -> str:
    """Say the SHA-256 of what a snapshot, or a volume on a server, holds: of a volume made of it for that."""
    body = {"size": 1, "name": f"{stack.cloud_objects.prefix}-look", **source}
    answer = stack.tenant.call("POST", "volumev3", "/volumes", {"volume": body})
    assert answer.status_code == 202, answer.text
    made = str(answer.json()["volume"]["id"])
    stack.tenant.states(f"/volumes/{made}", "volume", {"available"})
    try:
        return digest(stack, made, 1)
    finally:
        remove(stack, f"/volumes/{made}", "volume")


def remove(stack: FullStack, path: str, key: str) -> None:
    answer = stack.tenant.call("DELETE", "volumev3", path)
    assert answer.status_code in {202, 404}, answer.text
    stack.tenant.states(path, key, {404})
