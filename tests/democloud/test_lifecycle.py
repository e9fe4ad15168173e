"""A volume, its snapshot, a full and an incremental backup: the states they go through, and what is shown."""

import base64
import json
from typing import Any

from .client import assert_refused
from .target import Target


def test_state_order(lifecycle: dict[str, Any]) -> None:
    assert lifecycle["volume states"] == ["creating", "available"]
    assert lifecycle["snapshot states"] == ["creating", "available"]
    assert lifecycle["full states"] == ["creating", "available"]
    assert lifecycle["incremental states"] == ["creating", "available"]
    assert lifecycle["snapshot while backed up"] == "backing-up"


def test_answers_to_a_creation(target: Target, lifecycle: dict[str, Any]) -> None:
    assert lifecycle["volume answer"].status_code == 202
    volume = lifecycle["volume answer"].json()["volume"]
    assert (volume["status"], volume["updated_at"], volume["attachments"]) == ("creating", None, [])
    assert "os-vol-tenant-attr:tenant_id" not in volume
    assert lifecycle["snapshot answer"].status_code == 202
    snapshot = lifecycle["snapshot answer"].json()["snapshot"]
    assert list(snapshot) == [
        *("id", "created_at", "updated_at", "name", "description", "volume_id", "status", "size", "metadata"),
        *("group_snapshot_id", "user_id", "consumes_quota"),
    ]
    assert lifecycle["full answer"].status_code == 202
    assert list(lifecycle["full answer"].json()["backup"]) == ["id", "name", "links"]


def test_a_backup_while_it_is_made(lifecycle: dict[str, Any]) -> None:
    backup = lifecycle["full while made"]["backup"]
    assert (backup["status"], backup["object_count"], backup["is_incremental"]) == ("creating", 0, False)
    assert backup["container"] is None
    messages = {
        name: (status, body["badRequest"]["message"])
        for name, (status, body) in lifecycle["refused while made"].items()
    }
    assert messages == {
        "delete snapshot": (
            400,
            "Invalid snapshot: Snapshot status must be available or error and must not be part of a group.",
        ),
        "delete backup": (400, "Invalid backup: Backup status must be available or error"),
        "restore": (400, "Invalid backup: Backup status must be available"),
        "export": (400, "Invalid backup: Backup status must be available and not creating."),
    }


def test_a_chain_says_so(target: Target, lifecycle: dict[str, Any]) -> None:
    full = target.member.get("volumev3", f"/backups/{lifecycle['full']}")["backup"]
    incremental = target.member.get("volumev3", f"/backups/{lifecycle['incremental']}")["backup"]
    assert (full["is_incremental"], full["has_dependent_backups"]) == (False, True)
    assert (incremental["is_incremental"], incremental["has_dependent_backups"]) == (True, False)
    assert full["snapshot_id"] == lifecycle["snapshot"]
    assert (
        full["data_timestamp"]
        == target.member.get("volumev3", f"/snapshots/{lifecycle['snapshot']}")["snapshot"]["created_at"]
    )
    assert full["object_count"] > 0
    assert_refused(
        target.member.call("DELETE", "volumev3", f"/backups/{lifecycle['full']}"),
        400,
        "Invalid backup: Incremental backups exist for this backup.",
    )


def test_the_admin_sees_more_of_a_backup(target: Target, lifecycle: dict[str, Any]) -> None:
    member = target.member.get("volumev3", f"/backups/{lifecycle['full']}", mv="3.71")["backup"]
    admin = target.admin.get("volumev3", f"/backups/{lifecycle['full']}", mv="3.71")["backup"]
    assert list(admin) == [*member, "os-backup-project-attr:project_id", "user_id"]
    assert admin["os-backup-project-attr:project_id"] == target.member.project_id


def test_export_record_is_for_admins(target: Target, lifecycle: dict[str, Any]) -> None:
    path = f"/backups/{lifecycle['full']}/export_record"
    assert_refused(
        target.member.call("GET", "volumev3", path),
        403,
        "Policy doesn't allow backup:export-import to be performed.",
    )
    record = target.admin.get("volumev3", path)["backup-record"]
    assert list(record) == ["backup_service", "backup_url"]
    whole = json.loads(base64.b64decode(record["backup_url"]))
    assert (whole["id"], whole["volume_id"], whole["parent_id"]) == (
        lifecycle["full"],
        lifecycle["volume"],
        None,
    )
    assert (whole["project_id"], whole["metadata"]) == (target.member.project_id, {"purpose": "test"})


def test_only_an_admin_resets_a_status(target: Target, lifecycle: dict[str, Any]) -> None:
    body = {"os-reset_status": {"status": "available"}}
    rule = "volume_extension:volume_admin_actions:reset_status"
    assert_refused(
        target.member.call("POST", "volumev3", f"/volumes/{lifecycle['volume']}/action", body),
        403,
        f"Policy doesn't allow {rule} to be performed.",
    )
    assert (
        target.admin.call("POST", "volumev3", f"/volumes/{lifecycle['volume']}/action", body).status_code
        == 202
    )


def test_restore_into_a_new_volume(target: Target, lifecycle: dict[str, Any]) -> None:
    path = f"/backups/{lifecycle['incremental']}"
    answer = target.member.call("POST", "volumev3", f"{path}/restore", {"restore": {}})
    assert answer.status_code == 202
    restore = answer.json()["restore"]
    assert list(restore) == ["backup_id", "volume_id", "volume_name"]
    assert restore["volume_name"] == f"restore_backup_{lifecycle['incremental']}"
    states = target.member.states(
        f"/volumes/{restore['volume_id']}", "volume", {"available", "error_restoring"}
    )
    assert states[-2:] == ["restoring-backup", "available"]
    assert target.member.states(path, "backup", {"available"})[-1] == "available"
    volume = target.member.get("volumev3", f"/volumes/{restore['volume_id']}")["volume"]
    assert volume["name"] == "opencbr-test-conformance"
    assert volume["metadata"] == {"purpose": "test", "src_backup_id": lifecycle["incremental"]}
    if target.demo:
        assert target.demo.read(restore["volume_id"], length=500_000) == b"first" * 100_000
    assert target.member.call("DELETE", "volumev3", f"/volumes/{restore['volume_id']}").status_code == 202
    target.member.states(f"/volumes/{restore['volume_id']}", "volume", {404})
