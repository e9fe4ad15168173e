"""Volumes, snapshots and backups of volumes in use: what is refused and how."""

from typing import Any

import pytest

from .client import assert_refused
from .target import Target


def _attached(target: Target, place: int = 1) -> str:
    path = f"/servers/{target.server('db1')}/os-volume_attachments"
    return str(target.member.get("compute", path)["volumeAttachments"][place]["volumeId"])


@pytest.mark.parametrize("mv", [None, "3.65"])
@pytest.mark.parametrize("force", [{}, {"force": False}])
def test_a_snapshot_of_a_volume_in_use_needs_force_below_3_66(
    target: Target, mv: str | None, force: dict[str, bool]
) -> None:
    volume = _attached(target)
    body = {"snapshot": {"volume_id": volume, "name": "refused", **force}}
    assert_refused(
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
    body: dict[str, Any] = {"snapshot": {"volume_id": volume, "name": "opencbr-test-conformance-in-use"}}
    answer = target.member.call("POST", "volumev3", "/snapshots", body, mv="3.71")
    assert answer.status_code == 202
    snapshot = answer.json()["snapshot"]["id"]
    target.member.states(f"/snapshots/{snapshot}", "snapshot", {"available"})
    body = {
        "backup": {"volume_id": volume, "snapshot_id": snapshot, "name": "opencbr-test-conformance-in-use"}
    }
    backup = target.member.call("POST", "volumev3", "/backups", body).json()["backup"]["id"]
    assert target.member.get("volumev3", f"/volumes/{volume}")["volume"]["status"] == "in-use"
    target.member.states(f"/backups/{backup}", "backup", {"available"})
    restore = target.member.call(
        "POST", "volumev3", f"/backups/{backup}/restore", {"restore": {"volume_id": volume}}
    )
    assert_refused(restore, 400, "Invalid volume: Volume to be restored to must be available")
    for kind, id_ in (("backup", backup), ("snapshot", snapshot)):
        assert target.member.call("DELETE", "volumev3", f"/{kind}s/{id_}").status_code == 202
        assert target.member.states(f"/{kind}s/{id_}", kind, {404})[-2:] in (["deleting", 404], [404])


def test_a_backup_of_a_volume_in_use_needs_force(target: Target) -> None:
    assert_refused(
        target.member.call(
            "POST", "volumev3", "/backups", {"backup": {"volume_id": _attached(target), "name": "no"}}
        ),
        400,
        "Invalid volume: Backing up an in-use volume must use the force flag.",
    )


def test_an_incremental_without_a_parent(target: Target) -> None:
    body = {"backup": {"volume_id": _attached(target, 0), "name": "no", "incremental": True, "force": True}}
    assert_refused(
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


def test_an_incremental_of_a_volume_that_grew_is_accepted_and_ends_in_error(target: Target) -> None:
    """Cinder compares the sizes when it has answered already; in use or not, a volume grows from 3.42 on."""
    name = "opencbr-test-conformance-grown"
    member = target.member
    volume = member.call("POST", "volumev3", "/volumes", {"volume": {"name": name, "size": 1}}).json()[
        "volume"
    ]
    at = {"volume": f"/volumes/{volume['id']}"}
    member.states(at["volume"], "volume", {"available"})

    def back_up(*, incremental: bool) -> dict[str, Any]:
        body = {"backup": {"volume_id": volume["id"], "name": name, "incremental": incremental}}
        answer = member.call("POST", "volumev3", "/backups", body)
        assert answer.status_code == 202
        path = f"/backups/{answer.json()['backup']['id']}"
        at[path] = path
        member.states(path, "backup", {"available", "error"})
        shown: dict[str, Any] = member.get("volumev3", path)["backup"]
        return shown

    assert back_up(incremental=False)["status"] == "available"
    grow = {"os-extend": {"new_size": 2}}
    assert member.call("POST", "volumev3", f"{at['volume']}/action", grow).status_code == 202
    member.states(at["volume"], "volume", {"available"})
    failed = back_up(incremental=True)
    assert (failed["status"], failed["size"], failed["is_incremental"]) == ("error", 2, True)
    assert failed["fail_reason"] == (
        "Invalid backup: Volume size increased since the last backup. Do a full backup."
    )
    for path in reversed(list(at.values())):
        assert member.call("DELETE", "volumev3", path).status_code == 202
        member.states(path, "volume" if path == at["volume"] else "backup", {404})
