"""Cinder: a volume goes from one project to another, on both clouds."""

from collections.abc import Iterator

import pytest

from .client import assert_refused
from .made import NAME
from .target import MISSING, Target

PATH = "/os-volume-transfer"


@pytest.fixture(name="volume")
def _volume(target: Target) -> Iterator[str]:
    body = {"volume": {"name": NAME, "size": 1, "metadata": {"purpose": "test"}}}
    made = target.member.call("POST", "volumev3", "/volumes", body)
    assert made.status_code == 202, made.text
    volume: str = made.json()["volume"]["id"]
    assert target.member.states(f"/volumes/{volume}", "volume", {"available", "error"})[-1] == "available"
    yield volume
    for client in (target.member, target.other):
        for row in client.get("volumev3", f"{PATH}/detail")["transfers"]:
            client.call("DELETE", "volumev3", f"{PATH}/{row['id']}")
        client.call("DELETE", "volumev3", f"/volumes/{volume}")
        client.states(f"/volumes/{volume}", "volume", {404})


def test_a_volume_is_offered_and_taken_with_all_that_it_has(target: Target, volume: str):
    answer = target.member.call("POST", "volumev3", PATH, {"transfer": {"volume_id": volume, "name": NAME}})
    assert answer.status_code == 202, answer.text
    offer = answer.json()["transfer"]
    assert offer.keys() == {"id", "created_at", "name", "volume_id", "auth_key", "links"}
    assert target.member.states(f"/volumes/{volume}", "volume", {"awaiting-transfer"})
    shown = target.member.get("volumev3", f"{PATH}/{offer['id']}")["transfer"]
    assert shown.keys() == offer.keys() - {"auth_key"}
    assert shown in target.member.get("volumev3", f"{PATH}/detail")["transfers"]
    assert target.other.get("volumev3", f"{PATH}/detail")["transfers"] == []
    assert target.other.call("GET", "volumev3", f"{PATH}/{offer['id']}").status_code == 404
    assert target.member.call("DELETE", "volumev3", f"/volumes/{volume}").status_code == 400
    again = target.member.call("POST", "volumev3", PATH, {"transfer": {"volume_id": volume, "name": NAME}})
    assert_refused(again, 400, "Invalid volume: status must be available")
    take, wrong = f"{PATH}/{offer['id']}/accept", {"accept": {"auth_key": "0" * 16}}
    message = f"Invalid auth key: Attempt to transfer {offer['id']} with invalid auth key."
    assert_refused(target.other.call("POST", "volumev3", take, wrong), 400, message)
    right = {"accept": {"auth_key": offer["auth_key"]}}
    taken = target.other.call("POST", "volumev3", take, right)
    assert (taken.status_code, taken.json()["transfer"].keys()) == (202, {"id", "volume_id", "name", "links"})
    assert target.member.call("GET", "volumev3", f"/volumes/{volume}").status_code == 404
    now = target.other.get("volumev3", f"/volumes/{volume}")["volume"]
    assert (now["status"], now["name"], now["metadata"]) == ("available", NAME, {"purpose": "test"})
    assert_refused(
        target.other.call("POST", "volumev3", take, right), 404, f"Transfer {offer['id']} could not be found."
    )


def test_an_offer_is_taken_back(target: Target, volume: str):
    body = {"transfer": {"volume_id": volume, "name": NAME}}
    offer = target.member.call("POST", "volumev3", PATH, body).json()["transfer"]
    assert target.member.call("DELETE", "volumev3", f"{PATH}/{offer['id']}").status_code == 202
    assert target.member.states(f"/volumes/{volume}", "volume", {"available"})
    gone = target.member.call("GET", "volumev3", f"{PATH}/{offer['id']}")
    assert_refused(gone, 404, f"Transfer {offer['id']} could not be found.")
    missing = {"transfer": {"volume_id": MISSING, "name": NAME}}
    assert target.member.call("POST", "volumev3", PATH, missing).status_code == 404
    assert target.other.call("POST", "volumev3", PATH, body).status_code == 404
