"""A root volume that is written anew without an admin's right: an image of a volume, and the rebuild of its server from it."""

import secrets
import time
from typing import Any

import pytest
import requests

from support.cloud_objects import CloudObjects

from .client import assert_refused
from .target import Target

_SECONDS = 240
CUSTOM = "hw_qemu_guest_agent"


class Place:
    """A server that boots from a volume, shut off; another volume, and a small image: Nova waits for a large one 20 s a GiB."""

    def __init__(self, target: Target, objects: CloudObjects) -> None:
        self.target, self.member, self.objects = target, target.member, objects
        self.root, self.source = objects.volume("root", bootable=True), objects.volume("source")
        self.server = objects.server("rebuilt", volumes=[self.root], ports=[objects.port("front")])
        assert self.action("os-stop", mv="2.79").status_code == 202
        self.at_rest()
        self.content = secrets.token_bytes(1 << 20)
        self.image = self.image_of(self.content)

    def image_of(self, content: bytes) -> str:
        name = f"{self.objects.prefix}-written"
        fields = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "private"}
        image = self.member.call("POST", "image", "/v2/images", fields | {CUSTOM: "yes"}).json()["id"]
        self.objects.adopt("image", f"/v2/images/{image}", "image")
        answer = self.member.session.put(
            f"/v2/images/{image}/file",
            data=content,
            headers={"Content-Type": "application/octet-stream"},
            endpoint_filter={"service_type": "image", "interface": "public"},
        )
        assert answer.status_code == 204, answer.text
        return str(image)

    def action(self, name: str, value: Any = None, *, mv: str = "2.93") -> requests.Response:
        path = f"/servers/{self.server}/action"
        answer: requests.Response = self.member.call("POST", "compute", path, {name: value}, mv=mv)
        return answer

    def on_volume(self, volume: str, name: str, value: Any, *, mv: str = "3.1") -> requests.Response:
        path = f"/volumes/{volume}/action"
        answer: requests.Response = self.member.call("POST", "volumev3", path, {name: value}, mv=mv)
        return answer

    def upload(self, volume: str) -> requests.Response:
        wanted = {
            "image_name": f"{self.objects.prefix}-copy",
            "disk_format": "raw",
            "container_format": "bare",
        }
        wanted |= {"visibility": "private"}
        return self.on_volume(volume, "os-volume_upload_image", wanted | {"protected": False})

    def volume(self, volume: str) -> dict[str, Any]:
        found: dict[str, Any] = self.member.get("volumev3", f"/volumes/{volume}")["volume"]
        return found

    def at_rest(self) -> dict[str, Any]:
        end = time.monotonic() + _SECONDS
        while True:
            shown: dict[str, Any] = self.member.get("compute", f"/servers/{self.server}", mv="2.79")["server"]
            if shown["OS-EXT-STS:task_state"] is None and shown["status"] != "REBUILD":
                return shown
            assert time.monotonic() < end, shown["status"]
            time.sleep(0.05)

    def shut_off(self) -> dict[str, Any]:
        """Between a rebuild and the stop that follows it Nova shows the server active and at rest."""
        end = time.monotonic() + _SECONDS
        while (shown := self.at_rest())["status"] == "ACTIVE" and time.monotonic() < end:
            time.sleep(0.05)
        return shown


@pytest.fixture(scope="module", name="place")
def _place(target: Target, objects: CloudObjects) -> Place:
    return Place(target, objects)


def test_an_image_of_a_volume_has_its_bytes_and_what_is_told_of_its_hardware(place: Place) -> None:
    answer = place.on_volume(place.source, "os-set_image_metadata", {"metadata": {CUSTOM: "yes"}})
    assert answer.status_code == 200, answer.text
    answer = place.upload(place.source)
    assert answer.status_code == 202, answer.text
    begun = answer.json()["os-volume_upload_image"]
    assert (begun["id"], begun["status"], begun["visibility"]) == (place.source, "uploading", "private")
    image = str(begun["image_id"])
    place.objects.adopt("image", f"/v2/images/{image}", "image")
    place.member.states(f"/volumes/{place.source}", "volume", {"available"})
    body = place.member.get("image", f"/v2/images/{image}")
    assert (body["status"], body["size"], body["min_disk"]) == ("active", 1 << 30, 0)
    assert (body["visibility"], body["disk_format"], body[CUSTOM]) == ("private", "raw", "yes")


def test_no_image_is_made_of_a_volume_in_use(place: Place) -> None:
    refused = f"Invalid volume: Volume {place.root} status must be available"
    assert_refused(place.upload(place.root), 400, refused)


def test_what_a_volume_keeps_of_its_image_is_taken_away_one_by_one(place: Place) -> None:
    assert place.on_volume(place.source, "os-unset_image_metadata", {"key": CUSTOM}).status_code == 200
    assert CUSTOM not in place.volume(place.source).get("volume_image_metadata", {})
    assert place.on_volume(place.source, "os-unset_image_metadata", {"key": CUSTOM}).status_code == 404


def test_an_older_nova_rebuilds_from_no_other_image(place: Place) -> None:
    wanted = "Unable to rebuild with a different image for a volume-backed server."
    answer = place.action("rebuild", {"imageRef": place.image}, mv="2.92")
    assert_refused(answer, 400, f"Image {place.image} is unacceptable: {wanted}")


def test_the_root_volume_is_written_anew_beside_its_snapshot_and_stays_the_same_one(place: Place) -> None:
    body = {"snapshot": {"volume_id": place.root, "name": f"{place.objects.prefix}-kept", "force": True}}
    snapshot = place.member.call("POST", "volumev3", "/snapshots", body).json()["snapshot"]["id"]
    place.objects.adopt("volumev3", f"/snapshots/{snapshot}", "snapshot")
    place.member.states(f"/snapshots/{snapshot}", "snapshot", {"available"})
    ports = f"/v2.0/ports?device_id={place.server}"
    before, was = place.volume(place.root), place.member.get("network", ports)["ports"]
    answer = place.action("rebuild", {"imageRef": place.image})
    assert answer.status_code == 202, answer.text
    assert answer.json()["server"]["status"] == "REBUILD"
    shown = place.shut_off()
    assert (shown["status"], shown["image"]) == ("SHUTOFF", ""), shown.get("fault")
    now = place.volume(place.root)
    (old,), (new,) = before["attachments"], now["attachments"]
    assert (now["status"], new["server_id"], new["device"]) == ("in-use", place.server, old["device"])
    assert new["attachment_id"] != old["attachment_id"]
    kept = now["volume_image_metadata"]
    assert (kept["image_id"], kept[CUSTOM]) == (place.image, "yes")
    ids = [[port["id"], port["mac_address"], port["fixed_ips"]] for port in was]
    found = place.member.get("network", ports)["ports"]
    assert [[port["id"], port["mac_address"], port["fixed_ips"]] for port in found] == ids
    path = f"/snapshots/{snapshot}"
    assert place.member.get("volumev3", path)["snapshot"]["status"] == "available"
    if place.target.demo:
        assert place.target.demo.read(place.root, length=1 << 20) == place.content
        assert place.target.demo.sha256(snapshot) != place.target.demo.sha256(place.root)


def test_nova_rebuilds_no_server_whose_volume_is_not_in_use(place: Place) -> None:
    path, admin = f"/volumes/{place.root}/action", place.target.admin
    for status in ("error", "in-use"):
        body = {"os-reset_status": {"status": status}}
        assert admin.call("POST", "volumev3", path, body).status_code == 202
        if status == "error":
            answer = place.action("rebuild", {"imageRef": place.image})
            wanted = f"status must be 'in-use'. Currently in '{status}' status"
            assert (answer.status_code, wanted in answer.text) == (400, True), answer.text
