"""Volumes, snapshots and backups: the states they go through, what is refused and how."""

import base64
import json
from typing import Any

import pytest

from .rigs import MISSING, Rig


def _refused(answer: Any, status: int, message: str) -> None:
    name = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}[status]
    assert (answer.status_code, answer.json()) == (status, {name: {"code": status, "message": message}})


def _attached(rig: Rig, place: int = 1) -> str:
    path = f"/servers/{rig.server('db1')}/os-volume_attachments"
    return str(rig.member.get("compute", path)["volumeAttachments"][place]["volumeId"])


def test_state_order(story: dict[str, Any]) -> None:
    assert story["volume states"] == ["creating", "available"]
    assert story["snapshot states"] == ["creating", "available"]
    assert story["full states"] == ["creating", "available"]
    assert story["incremental states"] == ["creating", "available"]
    assert story["snapshot while backed up"] == "backing-up"


def test_answers_to_a_creation(rig: Rig, story: dict[str, Any]) -> None:
    assert story["volume answer"].status_code == 202
    volume = story["volume answer"].json()["volume"]
    assert (volume["status"], volume["updated_at"], volume["attachments"]) == ("creating", None, [])
    assert "os-vol-tenant-attr:tenant_id" not in volume
    assert story["snapshot answer"].status_code == 202
    snapshot = story["snapshot answer"].json()["snapshot"]
    assert list(snapshot) == [
        *("id", "created_at", "updated_at", "name", "description", "volume_id", "status", "size", "metadata"),
        *("group_snapshot_id", "user_id", "consumes_quota"),
    ]
    assert story["full answer"].status_code == 202
    assert list(story["full answer"].json()["backup"]) == ["id", "name", "links"]


def test_a_backup_while_it_is_made(story: dict[str, Any]) -> None:
    backup = story["full while made"]["backup"]
    assert (backup["status"], backup["object_count"], backup["is_incremental"]) == ("creating", 0, False)
    assert backup["container"] is None
    messages = {
        name: (status, body["badRequest"]["message"])
        for name, (status, body) in story["refused while made"].items()
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


def test_a_chain_says_so(rig: Rig, story: dict[str, Any]) -> None:
    full = rig.member.get("volumev3", f"/backups/{story['full']}")["backup"]
    incremental = rig.member.get("volumev3", f"/backups/{story['incremental']}")["backup"]
    assert (full["is_incremental"], full["has_dependent_backups"]) == (False, True)
    assert (incremental["is_incremental"], incremental["has_dependent_backups"]) == (True, False)
    assert full["snapshot_id"] == story["snapshot"]
    assert (
        full["data_timestamp"]
        == rig.member.get("volumev3", f"/snapshots/{story['snapshot']}")["snapshot"]["created_at"]
    )
    assert full["object_count"] > 0
    _refused(
        rig.member.call("DELETE", "volumev3", f"/backups/{story['full']}"),
        400,
        "Invalid backup: Incremental backups exist for this backup.",
    )


def test_the_admin_sees_more_of_a_backup(rig: Rig, story: dict[str, Any]) -> None:
    member = rig.member.get("volumev3", f"/backups/{story['full']}", mv="3.71")["backup"]
    admin = rig.admin.get("volumev3", f"/backups/{story['full']}", mv="3.71")["backup"]
    assert list(admin) == [*member, "os-backup-project-attr:project_id", "user_id"]
    assert admin["os-backup-project-attr:project_id"] == rig.member.project_id


def test_export_record_is_for_admins(rig: Rig, story: dict[str, Any]) -> None:
    path = f"/backups/{story['full']}/export_record"
    _refused(
        rig.member.call("GET", "volumev3", path),
        403,
        "Policy doesn't allow backup:export-import to be performed.",
    )
    record = rig.admin.get("volumev3", path)["backup-record"]
    assert list(record) == ["backup_service", "backup_url"]
    whole = json.loads(base64.b64decode(record["backup_url"]))
    assert (whole["id"], whole["volume_id"], whole["parent_id"]) == (story["full"], story["volume"], None)
    assert (whole["project_id"], whole["metadata"]) == (rig.member.project_id, {"purpose": "test"})


@pytest.mark.parametrize("mv", [None, "3.65"])
@pytest.mark.parametrize("force", [{}, {"force": False}])
def test_a_snapshot_of_a_volume_in_use_needs_force_below_3_66(
    rig: Rig, mv: str | None, force: dict[str, bool]
) -> None:
    volume = _attached(rig)
    body = {"snapshot": {"volume_id": volume, "name": "refused", **force}}
    _refused(
        rig.member.call("POST", "volumev3", "/snapshots", body, mv=mv),
        400,
        f"Invalid volume: Volume {volume} status must be available, but current status is: in-use.",
    )


def test_from_3_66_on_force_false_is_refused(rig: Rig) -> None:
    body = {"snapshot": {"volume_id": _attached(rig), "name": "refused", "force": False}}
    answer = rig.member.call("POST", "volumev3", "/snapshots", body, mv="3.66")
    assert answer.status_code == 400
    assert answer.json()["badRequest"]["message"].startswith(
        "Since microversion 3.66 the 'force' flag is invalid"
    )


def test_a_volume_in_use_from_snapshot_to_backup_without_force(rig: Rig) -> None:
    volume = _attached(rig)
    body: dict[str, Any] = {"snapshot": {"volume_id": volume, "name": "conformance-in-use"}}
    answer = rig.member.call("POST", "volumev3", "/snapshots", body, mv="3.71")
    assert answer.status_code == 202
    snapshot = answer.json()["snapshot"]["id"]
    rig.member.states(f"/snapshots/{snapshot}", "snapshot", {"available"})
    body = {"backup": {"volume_id": volume, "snapshot_id": snapshot, "name": "conformance-in-use"}}
    backup = rig.member.call("POST", "volumev3", "/backups", body).json()["backup"]["id"]
    assert rig.member.get("volumev3", f"/volumes/{volume}")["volume"]["status"] == "in-use"
    rig.member.states(f"/backups/{backup}", "backup", {"available"})
    restore = rig.member.call(
        "POST", "volumev3", f"/backups/{backup}/restore", {"restore": {"volume_id": volume}}
    )
    _refused(restore, 400, "Invalid volume: Volume to be restored to must be available")
    for kind, id_ in (("backup", backup), ("snapshot", snapshot)):
        assert rig.member.call("DELETE", "volumev3", f"/{kind}s/{id_}").status_code == 202
        assert rig.member.states(f"/{kind}s/{id_}", kind, {404})[-2:] in (["deleting", 404], [404])


def test_a_backup_of_a_volume_in_use_needs_force(rig: Rig) -> None:
    _refused(
        rig.member.call(
            "POST", "volumev3", "/backups", {"backup": {"volume_id": _attached(rig), "name": "no"}}
        ),
        400,
        "Invalid volume: Backing up an in-use volume must use the force flag.",
    )


def test_an_incremental_without_a_parent(rig: Rig) -> None:
    body = {"backup": {"volume_id": _attached(rig, 0), "name": "no", "incremental": True, "force": True}}
    _refused(
        rig.member.call("POST", "volumev3", "/backups", body),
        400,
        "Invalid backup: No backups available to do an incremental backup.",
    )


def test_a_volume_with_snapshots_or_in_use_cannot_be_deleted(rig: Rig, story: dict[str, Any]) -> None:
    for volume in (story["volume"], _attached(rig)):
        answer = rig.member.call("DELETE", "volumev3", f"/volumes/{volume}")
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
def test_unknown_things(rig: Rig, path: str, message: str) -> None:
    answer = rig.member.call("GET", "volumev3", path.format(MISSING), mv="3.71")
    _refused(answer, 404, message.format(MISSING))


def test_things_of_another_project_are_not_there(rig: Rig, story: dict[str, Any]) -> None:
    for kind, id_ in (("volume", "volume"), ("snapshot", "snapshot"), ("backup", "full")):
        path = f"/{kind}s/{story[id_]}"
        message = f"{kind.capitalize()} {story[id_]} could not be found."
        _refused(rig.other.call("GET", "volumev3", path), 404, message)
        _refused(rig.other.call("DELETE", "volumev3", path), 404, message)
    body = {"backup": {"volume_id": story["volume"], "name": "stolen"}}
    message = f"Volume {story['volume']} could not be found."
    _refused(rig.other.call("POST", "volumev3", "/backups", body), 404, message)


def test_the_project_in_the_address_is_the_token_s(rig: Rig) -> None:
    base = rig.member.session.get_endpoint(service_type="volumev3", interface="public")
    foreign = base.replace(rig.member.project_id, rig.other.project_id) + "/volumes"
    answer = rig.member.session.get(foreign, raise_exc=False)
    _refused(answer, 400, "Malformed request url")


def test_only_an_admin_resets_a_status(rig: Rig, story: dict[str, Any]) -> None:
    body = {"os-reset_status": {"status": "available"}}
    rule = "volume_extension:volume_admin_actions:reset_status"
    _refused(
        rig.member.call("POST", "volumev3", f"/volumes/{story['volume']}/action", body),
        403,
        f"Policy doesn't allow {rule} to be performed.",
    )
    assert rig.admin.call("POST", "volumev3", f"/volumes/{story['volume']}/action", body).status_code == 202


def test_lists_filter(rig: Rig, story: dict[str, Any]) -> None:
    rows = rig.member.get("volumev3", f"/backups/detail?volume_id={story['volume']}&status=available")[
        "backups"
    ]
    assert [row["id"] for row in rows] == [story["incremental"], story["full"]]  # newest first
    rows = rig.member.get("volumev3", f"/backups/detail?volume_id={story['volume']}&sort=created_at:asc")[
        "backups"
    ]
    assert [row["id"] for row in rows] == [story["full"], story["incremental"]]
    named = rig.member.get("volumev3", "/backups?name=conformance")["backups"]
    assert {row["id"] for row in named} == {story["full"], story["incremental"]}
    assert list(named[0]) == ["id", "name", "links"]
    snapshots = rig.admin.get("volumev3", "/snapshots/detail?all_tenants=1&name=conformance")["snapshots"]
    assert [row["id"] for row in snapshots] == [story["snapshot"]]
    assert rig.other.get("volumev3", "/snapshots/detail?all_tenants=1&name=conformance")["snapshots"] == []
    assert rig.other.get("volumev3", "/backups/detail?name=conformance")["backups"] == []


def test_filters_that_do_not_exist(rig: Rig) -> None:
    for name in ("bogus", "name~"):
        answer = rig.member.call("GET", "volumev3", f"/backups/detail?{name}=1", mv="3.71")
        _refused(answer, 400, f"Invalid filters {name} are found in query options.")


def test_part_of_a_name_is_a_filter_for_admins(rig: Rig, story: dict[str, Any]) -> None:
    path = f"/backups/detail?all_tenants=1&project_id={rig.member.project_id}&name~=conform"
    found = {row["id"] for row in rig.admin.get("volumev3", path, mv="3.71")["backups"]}
    assert {story["full"], story["incremental"]} <= found


def test_pages(rig: Rig, story: dict[str, Any]) -> None:
    first = rig.member.get("volumev3", "/backups?limit=1&name=conformance")
    assert [row["id"] for row in first["backups"]] == [story["incremental"]]
    following = first["backups_links"][0]
    assert following["rel"] == "next"
    rest = rig.member.session.get(following["href"]).json()
    assert [row["id"] for row in rest["backups"]] == [story["full"]]


def test_services(rig: Rig) -> None:
    _refused(
        rig.member.call("GET", "volumev3", "/os-services"),
        403,
        "Policy doesn't allow volume_extension:services:index to be performed.",
    )
    rows = rig.admin.get("volumev3", "/os-services")["services"]
    assert {"cinder-backup", "cinder-volume", "cinder-scheduler"} <= {row["binary"] for row in rows}
    mover = next(row for row in rows if row["binary"] == "cinder-backup")
    names = ["binary", "host", "zone", "status", "state", "updated_at", "disabled_reason"]
    assert list(mover) == names
    assert (mover["status"], mover["state"]) == ("enabled", "up")


def test_restore_into_a_new_volume(rig: Rig, story: dict[str, Any]) -> None:
    path = f"/backups/{story['incremental']}"
    answer = rig.member.call("POST", "volumev3", f"{path}/restore", {"restore": {}})
    assert answer.status_code == 202
    restore = answer.json()["restore"]
    assert list(restore) == ["backup_id", "volume_id", "volume_name"]
    assert restore["volume_name"] == f"restore_backup_{story['incremental']}"
    states = rig.member.states(f"/volumes/{restore['volume_id']}", "volume", {"available", "error_restoring"})
    assert states[-2:] == ["restoring-backup", "available"]
    assert rig.member.states(path, "backup", {"available"})[-1] == "available"
    volume = rig.member.get("volumev3", f"/volumes/{restore['volume_id']}")["volume"]
    assert volume["name"] == "conformance"
    assert volume["metadata"] == {"purpose": "test", "src_backup_id": story["incremental"]}
    if rig.demo:
        assert rig.demo.read(restore["volume_id"], length=500_000) == b"first" * 100_000
    assert rig.member.call("DELETE", "volumev3", f"/volumes/{restore['volume_id']}").status_code == 202
    rig.member.states(f"/volumes/{restore['volume_id']}", "volume", {404})
