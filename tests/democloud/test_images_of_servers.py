"""An image of a server that boots from one, and its rebuild: what is asked, what it goes through, what is refused."""

import time
from typing import Any

import pytest
import requests

from support.cloud_objects import CloudObjects

from .client import assert_refused
from .target import MISSING, Target

_SECONDS = 120


class Place:
    """A server that boots from the smallest image, with one volume."""

    def __init__(self, target: Target, objects: CloudObjects) -> None:
        self.target, self.objects, self.member = target, objects, target.member
        self.volume = objects.volume("data")
        self.server = objects.server("imaged", volumes=[self.volume], image=True)

    def action(self, name: str, value: Any = None) -> requests.Response:
        path = f"/servers/{self.server}/action"
        answer: requests.Response = self.member.call("POST", "compute", path, {name: value}, mv="2.79")
        return answer

    def image_of(self) -> str:
        """Ask for an image of the server, which bears a property."""
        wanted = {"name": f"{self.objects.prefix}-image", "metadata": {"opencbr": self.objects.prefix}}
        answer = self.action("createImage", wanted)
        assert answer.status_code == 202, answer.text
        image = str(answer.json()["image_id"])
        self.objects.adopt("image", f"/v2/images/{image}", "image")
        return image

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.member.get("compute", f"/servers/{self.server}", mv="2.79")["server"]
        return found

    def at_rest(self) -> list[str]:
        """Wait until Nova does nothing to the server; return the tasks that it was seen at."""
        tasks, end = [], time.monotonic() + _SECONDS
        while (task := self.shown()["OS-EXT-STS:task_state"]) is not None:
            tasks.append(task)
            assert time.monotonic() < end, task
            time.sleep(0.02)
        return list(dict.fromkeys(tasks))


@pytest.fixture(scope="module", name="place")
def _place(target: Target, objects: CloudObjects) -> Place:
    return Place(target, objects)


def test_an_image_of_a_server_is_queued_at_once_and_found_by_its_properties(place: Place) -> None:
    base = place.shown()["image"]["id"]
    image = place.image_of()
    body = place.member.get("image", f"/v2/images/{image}")
    assert (body["image_type"], body["instance_uuid"]) == ("snapshot", place.server)
    assert (body["base_image_ref"], body["visibility"]) == (base, "private")
    assert (body["owner"], body["opencbr"]) == (place.member.project_id, place.objects.prefix)
    place.at_rest()
    for client in (place.member, place.target.admin):
        found = client.get("image", f"/v2/images?opencbr={place.objects.prefix}&limit=5")["images"]
        assert [row["id"] for row in found] == [image]
        behind = client.get("image", f"/v2/images?opencbr={place.objects.prefix}&limit=5&marker={image}")
        assert behind["images"] == []
    assert place.target.other.call("GET", "image", f"/v2/images/{image}").status_code == 404
    ended = place.member.get("image", f"/v2/images/{image}")
    if place.target.demo:
        assert (ended["status"], ended["size"]) == ("active", place.objects.image["size"])
        assert place.target.demo.sha256(image) == place.target.demo.sha256(place.server)
    else:  # Nova's fake driver makes no bytes: Nova is done, and the image never gets any
        assert (ended["status"], ended["size"]) == ("queued", None)
        assert_refused(place.action("rebuild", {"imageRef": image}), 400, f"Image {image} is not active.")
    assert place.member.call("DELETE", "image", f"/v2/images/{image}").status_code == 204
    assert place.member.call("GET", "image", f"/v2/images/{image}").status_code == 404


def test_nova_makes_one_image_of_a_server_at_a_time_and_heeds_no_lock(place: Place) -> None:
    assert place.action("lock").status_code == 202
    try:
        _heeds_no_lock(place)
    finally:
        assert place.action("unlock").status_code == 202


def _heeds_no_lock(place: Place) -> None:
    place.image_of()
    refused = place.action("createImage", {"name": f"{place.objects.prefix}-second"})
    if refused.status_code == 202:  # a driver without bytes is done at once
        place.objects.adopt("image", f"/v2/images/{refused.json()['image_id']}", "image")
    else:
        assert refused.status_code == 409, refused.text
        assert f"Cannot 'createImage' instance {place.server} while it is in task_state" in refused.text
    place.at_rest()
    wanted = {"imageRef": place.objects.image["id"]}
    assert_refused(place.action("rebuild", wanted), 409, f"Instance {place.server} is locked")


def test_a_rebuilt_server_keeps_its_volumes_and_its_power(place: Place) -> None:
    demo, image = place.target.demo, place.objects.image["id"]
    assert place.action("os-stop").status_code == 202
    place.at_rest()
    if demo:
        demo.write(place.server, b"written since")
    answer = place.action("rebuild", {"imageRef": image})
    assert answer.status_code == 202, answer.text
    server = answer.json()["server"]
    assert (server["id"], server["status"], server["image"]["id"]) == (place.server, "REBUILD", image)
    assert server["adminPass"]
    place.at_rest()
    shown = place.shown()
    assert (shown["status"], [one["id"] for one in shown["os-extended-volumes:volumes_attached"]]) == (
        "SHUTOFF",
        [place.volume],
    )
    if demo:
        assert demo.sha256(place.server) == demo.sha256(image)


def test_a_rebuild_wants_an_image_that_is_there(place: Place) -> None:
    assert_refused(place.action("rebuild", {"imageRef": MISSING}), 400, "Cannot find image for rebuild")
