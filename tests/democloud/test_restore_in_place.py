"""What a restore in place stands on: the statuses and locks that let it through, and what they refuse."""

import time
from typing import Any

import pytest
import requests

from support.cloud_objects import CloudObjects

from .client import assert_refused
from .target import Target

_SECONDS = 240


class Place:
    """A server with a root and a data volume, and a Cinder backup of each."""

    def __init__(self, target: Target, objects: CloudObjects) -> None:
        self.target, self.member, self.admin = target, target.member, target.admin
        self.objects = objects
        self.root, self.data = objects.volume("root", bootable=True), objects.volume("data")
        self.backups = {volume: self._backup(volume) for volume in (self.root, self.data)}
        for backup in self.backups.values():
            objects.adopt("volumev3", f"/backups/{backup}", "backup")
        self.server = objects.server("in-place", volumes=[self.root, self.data])

    def _backup(self, volume: str) -> str:
        body = {"backup": {"volume_id": volume, "name": "opencbr-test-in-place"}}
        answer = self.member.call("POST", "volumev3", "/backups", body)
        assert answer.status_code == 202, answer.text
        backup = str(answer.json()["backup"]["id"])
        self.member.states(f"/backups/{backup}", "backup", {"available"})
        return backup

    def action(self, name: str, value: Any = None, *, by: Any = None) -> requests.Response:
        path, mv = f"/servers/{self.server}/action", "2.79"
        answer: requests.Response = (by or self.member).call("POST", "compute", path, {name: value}, mv=mv)
        return answer

    def accepted(self, name: str, value: Any = None, *, by: Any = None) -> None:
        answer = self.action(name, value, by=by)
        assert answer.status_code == 202, answer.text

    def until(self, status: str) -> None:
        end = time.monotonic() + _SECONDS
        while (shown := self.shown())["status"] != status or shown["OS-EXT-STS:task_state"]:
            assert time.monotonic() < end, shown["status"]
            time.sleep(0.05)

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.member.get("compute", f"/servers/{self.server}", mv="2.79")["server"]
        return found

    def set_status(self, volume: str, status: str, *, by: Any) -> requests.Response:
        body = {"os-reset_status": {"status": status}}
        answer: requests.Response = by.call("POST", "volumev3", f"/volumes/{volume}/action", body)
        return answer

    def restore(self, volume: str) -> requests.Response:
        path = f"/backups/{self.backups[volume]}/restore"
        answer: requests.Response = self.member.call(
            "POST", "volumev3", path, {"restore": {"volume_id": volume}}
        )
        return answer

    def snapshot(self, volume: str, name: str) -> str:
        body = {"snapshot": {"volume_id": volume, "name": f"opencbr-test-{name}", "force": True}}
        answer = self.member.call("POST", "volumev3", "/snapshots", body)
        assert answer.status_code == 202, answer.text
        made = str(answer.json()["snapshot"]["id"])
        self.member.states(f"/snapshots/{made}", "snapshot", {"available"})
        return made

    def remove_snapshot(self, snapshot: str) -> None:
        assert self.member.call("DELETE", "volumev3", f"/snapshots/{snapshot}").status_code == 202
        self.member.states(f"/snapshots/{snapshot}", "snapshot", {404})

    def set_snapshot_status(self, snapshot: str, status: str) -> requests.Response:
        body = {"os-reset_status": {"status": status}}
        answer: requests.Response = self.admin.call("POST", "volumev3", f"/snapshots/{snapshot}/action", body)
        return answer

    def revert(self, volume: str, snapshot: str, *, mv: str = "3.40") -> requests.Response:
        body = {"revert": {"snapshot_id": snapshot}}
        answer: requests.Response = self.member.call(
            "POST", "volumev3", f"/volumes/{volume}/action", body, mv=mv
        )
        return answer

    def volume(self, volume: str) -> dict[str, Any]:
        found: dict[str, Any] = self.member.get("volumev3", f"/volumes/{volume}")["volume"]
        return found


@pytest.fixture(scope="module", name="place")
def _place(target: Target, objects: CloudObjects) -> Place:
    return Place(target, objects)


def test_a_volume_on_a_server_is_not_written_over(place: Place) -> None:
    for volume in (place.root, place.data):
        assert_refused(
            place.restore(volume), 400, "Invalid volume: Volume to be restored to must be available"
        )


def test_a_root_disk_is_never_detached(place: Place) -> None:
    place.accepted("os-stop")
    place.until("SHUTOFF")
    path = f"/servers/{place.server}/os-volume_attachments/{place.root}"
    assert_refused(place.member.call("DELETE", "compute", path), 400, "Cannot detach a root device volume")


def test_a_root_disk_whose_status_an_admin_sets_is_written_over_and_keeps_its_attachment(
    place: Place,
) -> None:
    before = place.volume(place.root)["attachments"]
    assert place.set_status(place.root, "available", by=place.member).status_code == 403
    assert place.set_status(place.root, "available", by=place.admin).status_code == 202
    assert (place.volume(place.root)["status"], place.volume(place.root)["attachments"]) == (
        "available",
        before,
    )
    assert place.restore(place.root).status_code == 202
    path = f"/volumes/{place.root}"
    assert place.member.states(path, "volume", {"available"})[0] == "restoring-backup"
    place.member.states(f"/backups/{place.backups[place.root]}", "backup", {"available"})
    assert place.set_status(place.root, "in-use", by=place.admin).status_code == 202
    assert (place.volume(place.root)["status"], place.volume(place.root)["attachments"]) == ("in-use", before)


def test_a_root_disk_goes_back_to_its_newest_snapshot_and_keeps_its_attachment(place: Place) -> None:
    older, newest = (place.snapshot(place.root, name) for name in ("older", "newest"))
    try:
        before = place.volume(place.root)["attachments"]
        refused = f"Can't revert volume {place.root} to its latest snapshot {newest}."
        assert_refused(
            place.revert(place.root, newest),
            409,
            f"Invalid volume: {refused} Volume's status must be 'available'.",
        )
        assert place.set_status(place.root, "available", by=place.admin).status_code == 202
        assert place.revert(place.root, newest, mv="3.39").status_code == 404
        assert_refused(
            place.revert(place.root, older),
            400,
            f"Specified snapshot {older} is None or not the latest one of volume {place.root}.",
        )
        assert place.revert(place.root, newest).status_code == 202
        place.member.states(f"/volumes/{place.root}", "volume", {"available"})
        place.member.states(f"/snapshots/{newest}", "snapshot", {"available"})
        assert place.volume(place.root)["attachments"] == before
        assert place.set_status(place.root, "in-use", by=place.admin).status_code == 202
    finally:
        for one in (older, newest):
            place.remove_snapshot(one)


def test_a_disk_that_has_grown_does_not_go_back_nor_to_a_snapshot_that_is_busy(place: Place) -> None:
    volume = place.objects.volume("reverted")
    path = f"/volumes/{volume}"
    assert_refused(place.revert(volume, volume), 400, f"Volume {volume} doesn't have any snapshots.")
    snapshot = place.snapshot(volume, "kept")
    try:
        refused = f"Can't revert volume {volume} to its latest snapshot {snapshot}."
        assert place.set_snapshot_status(snapshot, "error").status_code == 202
        wanted = f"Invalid snapshot: {refused} Snapshot's status must be 'available'."
        assert_refused(place.revert(volume, snapshot), 409, wanted)
        assert place.volume(volume)["status"] == "reverting", "Cinder leaves it so"
        assert place.set_status(volume, "available", by=place.admin).status_code == 202
        assert place.set_snapshot_status(snapshot, "available").status_code == 202
        answer = place.member.call("POST", "volumev3", f"{path}/action", {"os-extend": {"new_size": 2}})
        assert answer.status_code == 202, answer.text
        place.member.states(path, "volume", {"available"})
        wanted = f"{refused} The volume size must be equal to the snapshot size."
        assert_refused(place.revert(volume, snapshot), 400, wanted)
    finally:
        place.remove_snapshot(snapshot)


def test_a_lock_keeps_everybody_of_the_project_out(place: Place) -> None:
    reason = {"locked_reason": "a restore"}
    place.accepted("lock", reason)
    place.accepted("lock", {"locked_reason": "another"})
    assert (place.shown()["locked"], place.shown()["locked_reason"]) == (True, "a restore")
    attachment = f"/servers/{place.server}/os-volume_attachments/{place.data}"
    for refused in (place.action("os-start"), place.member.call("DELETE", "compute", attachment)):
        assert_refused(refused, 409, f"Instance {place.server} is locked")
    place.accepted("unlock")
    assert (place.shown()["locked"], place.shown()["locked_reason"]) == (False, None)


def test_the_lock_of_an_admin_is_not_taken_away(place: Place) -> None:
    place.accepted("lock", by=place.admin)
    rule = "os_compute_api:os-lock-server:unlock:unlock_override"
    assert_refused(place.action("unlock"), 403, f"Policy doesn't allow {rule} to be performed.")
    place.accepted("unlock", by=place.admin)


def test_a_data_disk_comes_back_as_it_was_attached(place: Place) -> None:
    path = f"/servers/{place.server}/os-volume_attachments"
    assert place.member.call("DELETE", "compute", f"{path}/{place.data}", mv="2.79").status_code == 202
    place.member.states(f"/volumes/{place.data}", "volume", {"available"})
    assert place.restore(place.data).status_code == 202
    place.member.states(f"/volumes/{place.data}", "volume", {"available"})
    wanted = {"volumeId": place.data, "device": "/dev/sdd", "tag": "bytes", "delete_on_termination": False}
    answer = place.member.call("POST", "compute", path, {"volumeAttachment": wanted}, mv="2.79")
    assert answer.status_code == 200, answer.text
    place.member.states(f"/volumes/{place.data}", "volume", {"in-use"})
    rows = place.member.get("compute", path, mv="2.79")["volumeAttachments"]
    (row,) = [row for row in rows if row["volumeId"] == place.data]
    assert {name: row[name] for name in wanted} == wanted
    place.accepted("os-start")
    place.until("ACTIVE")
