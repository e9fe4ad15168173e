"""Volumes, snapshots and backups: the states they go through, what is refused and how."""

import base64
import json
from typing import Any

import pytest

from .target import MISSING, Target


def _refused(answer: Any, status: int, message: str) -> None:
    name = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}[status]
    assert (answer.status_code, answer.json()) == (status, {name: {"code": status, "message": message}})


def _attached(target: Target, place: int = 1) -> str:
    path = f"/servers/{target.server('db1')}/os-volume_attachments"
    return str(target.member.get("compute", path)["volumeAttachments"][place]["volumeId"])


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
    _refused(
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
    _refused(
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


@pytest.mark.parametrize("mv", [None, "3.65"])
@pytest.mark.parametrize("force", [{}, {"force": False}])
def test_a_snapshot_of_a_volume_in_use_needs_force_below_3_66(
    target: Target, mv: str | None, force: dict[str, bool]
) -> None:
    volume = _attached(target)
    body = {"snapshot": {"volume_id": volume, "name": "refused", **force}}
    _refused(
        target.member.call("POST", "volumev3", "/snapshots", body, mv=mv),
        400,
        f"Invalid volume: Volume {volume} status must be available, but current status is: in-use.",
    )


def test_from_3_66_on_force_false_is_refused(target: Target) -> None:
    body = {"snapshot": {"volume_id": _attached(target), "name": "refused", "force": False}}
    answer = target.member.call("POST", "volumev3", "/snapshots", body, mv="3.66")
    assert answer.status_code == 400
    assert answer.json()["badRequest"]["message"].startswith(
        "Since microversion 3.66 the 'force' flag is invalid"
    )


def test_a_volume_in_use_from_snapshot_to_backup_without_force(target: Target) -> None:
    volume = _attached(target)
    body: dict[str, Any] = {"snapshot": {"volume_id": volume, "name": "conformance-in-use"}}
    answer = target.member.call("POST", "volumev3", "/snapshots", body, mv="3.71")
    assert answer.status_code == 202
    snapshot = answer.json()["snapshot"]["id"]
    target.member.states(f"/snapshots/{snapshot}", "snapshot", {"available"})
    body = {"backup": {"volume_id": volume, "snapshot_id": snapshot, "name": "conformance-in-use"}}
    backup = target.member.call("POST", "volumev3", "/backups", body).json()["backup"]["id"]
    assert target.member.get("volumev3", f"/volumes/{volume}")["volume"]["status"] == "in-use"
    target.member.states(f"/backups/{backup}", "backup", {"available"})
    restore = target.member.call(
        "POST", "volumev3", f"/backups/{backup}/restore", {"restore": {"volume_id": volume}}
    )
    _refused(restore, 400, "Invalid volume: Volume to be restored to must be available")
    for kind, id_ in (("backup", backup), ("snapshot", snapshot)):
        assert target.member.call("DELETE", "volumev3", f"/{kind}s/{id_}").status_code == 202
        assert target.member.states(f"/{kind}s/{id_}", kind, {404})[-2:] in (["deleting", 404], [404])


def test_a_backup_of_a_volume_in_use_needs_force(target: Target) -> None:
    _refused(
        target.member.call(
            "POST", "volumev3", "/backups", {"backup": {"volume_id": _attached(target), "name": "no"}}
        ),
        400,
        "Invalid volume: Backing up an in-use volume must use the force flag.",
    )


def test_an_incremental_without_a_parent(target: Target) -> None:
    body = {"backup": {"volume_id": _attached(target, 0), "name": "no", "incremental": True, "force": True}}
    _refused(
        target.member.call("POST", "volumev3", "/backups", body),
        400,
        "Invalid backup: No backups available to do an incremental backup.",
    )


def test_a_volume_with_snapshots_or_in_use_cannot_be_deleted(
    target: Target, lifecycle: dict[str, Any]
) -> None:
    for volume in (lifecycle["volume"], _attached(target)):
        answer = target.member.call("DELETE", "volumev3", f"/volumes/{volume}")
        assert answer.status_code == 400
        assert answer.json()["badRequest"]["message"].startswith(
            "Invalid volume: Volume status must be available or"
        )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/volumes/{}", "Volume {} could not be found."),
        ("/snapshots/{}", "Snapshot {} could not be found."),
        ("/backups/{}", "Backup {} could not be found."),
        ("/types/{}", "Volume type {} could not be found."),
        ("/attachments/{}", "Volume attachment could not be found with filter: attachment_id = {}."),
    ],
)
def test_unknown_things(target: Target, path: str, message: str) -> None:
    answer = target.member.call("GET", "volumev3", path.format(MISSING), mv="3.71")
    _refused(answer, 404, message.format(MISSING))


def test_things_of_another_project_are_not_there(target: Target, lifecycle: dict[str, Any]) -> None:
    for kind, id_ in (("volume", "volume"), ("snapshot", "snapshot"), ("backup", "full")):
        path = f"/{kind}s/{lifecycle[id_]}"
        message = f"{kind.capitalize()} {lifecycle[id_]} could not be found."
        _refused(target.other.call("GET", "volumev3", path), 404, message)
        _refused(target.other.call("DELETE", "volumev3", path), 404, message)
    body = {"backup": {"volume_id": lifecycle["volume"], "name": "stolen"}}
    message = f"Volume {lifecycle['volume']} could not be found."
    _refused(target.other.call("POST", "volumev3", "/backups", body), 404, message)


def test_the_project_in_the_address_is_the_token_s(target: Target) -> None:
    base = target.member.session.get_endpoint(service_type="volumev3", interface="public")
    foreign = base.replace(target.member.project_id, target.other.project_id) + "/volumes"
    answer = target.member.session.get(foreign, raise_exc=False)
    _refused(answer, 400, "Malformed request url")


def test_only_an_admin_resets_a_status(target: Target, lifecycle: dict[str, Any]) -> None:
    body = {"os-reset_status": {"status": "available"}}
    rule = "volume_extension:volume_admin_actions:reset_status"
    _refused(
        target.member.call("POST", "volumev3", f"/volumes/{lifecycle['volume']}/action", body),
        403,
        f"Policy doesn't allow {rule} to be performed.",
    )
    assert (
        target.admin.call("POST", "volumev3", f"/volumes/{lifecycle['volume']}/action", body).status_code
        == 202
    )


def test_lists_filter(target: Target, lifecycle: dict[str, Any]) -> None:
    rows = target.member.get("volumev3", f"/backups/detail?volume_id={lifecycle['volume']}&status=available")[
        "backups"
    ]
    assert [row["id"] for row in rows] == [lifecycle["incremental"], lifecycle["full"]]  # newest first
    rows = target.member.get(
        "volumev3", f"/backups/detail?volume_id={lifecycle['volume']}&sort=created_at:asc"
    )["backups"]
    assert [row["id"] for row in rows] == [lifecycle["full"], lifecycle["incremental"]]
    named = target.member.get("volumev3", "/backups?name=conformance")["backups"]
    assert {row["id"] for row in named} == {lifecycle["full"], lifecycle["incremental"]}
    assert list(named[0]) == ["id", "name", "links"]
    snapshots = target.admin.get("volumev3", "/snapshots/detail?all_tenants=1&name=conformance")["snapshots"]
    assert [row["id"] for row in snapshots] == [lifecycle["snapshot"]]
    assert target.other.get("volumev3", "/snapshots/detail?all_tenants=1&name=conformance")["snapshots"] == []
    assert target.other.get("volumev3", "/backups/detail?name=conformance")["backups"] == []


def test_filters_that_do_not_exist(target: Target) -> None:
    for name in ("bogus", "name~"):
        answer = target.member.call("GET", "volumev3", f"/backups/detail?{name}=1", mv="3.71")
        _refused(answer, 400, f"Invalid filters {name} are found in query options.")


def test_part_of_a_name_is_a_filter_for_admins(target: Target, lifecycle: dict[str, Any]) -> None:
    path = f"/backups/detail?all_tenants=1&project_id={target.member.project_id}&name~=conform"
    found = {row["id"] for row in target.admin.get("volumev3", path, mv="3.71")["backups"]}
    assert {lifecycle["full"], lifecycle["incremental"]} <= found


def test_pages(target: Target, lifecycle: dict[str, Any]) -> None:
    first = target.member.get("volumev3", "/backups?limit=1&name=conformance")
    assert [row["id"] for row in first["backups"]] == [lifecycle["incremental"]]
    following = first["backups_links"][0]
    assert following["rel"] == "next"
    rest = target.member.session.get(following["href"]).json()
    assert [row["id"] for row in rest["backups"]] == [lifecycle["full"]]


def test_services(target: Target) -> None:
    _refused(
        target.member.call("GET", "volumev3", "/os-services"),
        403,
        "Policy doesn't allow volume_extension:services:index to be performed.",
    )
    rows = target.admin.get("volumev3", "/os-services")["services"]
    assert {"cinder-backup", "cinder-volume", "cinder-scheduler"} <= {row["binary"] for row in rows}
    mover = next(row for row in rows if row["binary"] == "cinder-backup")
    names = ["binary", "host", "zone", "status", "state", "updated_at", "disabled_reason"]
    assert list(mover) == names
    assert (mover["status"], mover["state"]) == ("enabled", "up")


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
    assert volume["name"] == "conformance"
    assert volume["metadata"] == {"purpose": "test", "src_backup_id": lifecycle["incremental"]}
    if target.demo:
        assert target.demo.read(restore["volume_id"], length=500_000) == b"first" * 100_000
    assert target.member.call("DELETE", "volumev3", f"/volumes/{restore['volume_id']}").status_code == 202
    target.member.states(f"/volumes/{restore['volume_id']}", "volume", {404})
