"""Nova: what is refused, what a server goes through, and its volumes."""

import time
from typing import Any

import pytest

from .client import Client
from .target import MISSING, Target


def _refused(answer: Any, status: int, name: str, message: str) -> None:
    assert (answer.status_code, answer.json()) == (status, {name: {"code": status, "message": message}})


def _server(client: Client, server: str, status: str) -> dict[str, Any]:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        doc: dict[str, Any] = client.get("compute", f"/servers/{server}", mv="2.104")["server"]
        if doc["status"] == status and doc["OS-EXT-STS:task_state"] is None:
            return doc
        time.sleep(0.05)
    raise AssertionError(f"{server} never became {status}: {doc['status']}")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/servers/{}", "Instance {} could not be found."),
        ("/servers/{}/os-volume_attachments", "Instance {} could not be found."),
        ("/flavors/{}", "Flavor {} could not be found."),
        ("/os-server-groups/{}", "Instance group {} could not be found."),
    ],
)
def test_unknown_things(target: Target, path: str, message: str) -> None:
    answer = target.member.call("GET", "compute", path.format(MISSING))
    _refused(answer, 404, "itemNotFound", message.format(MISSING))


def test_servers_of_another_project_are_not_there(target: Target) -> None:
    server = target.server("db1")
    for path in ("", "/os-interface", "/os-volume_attachments", "/os-security-groups"):
        answer = target.other.call("GET", "compute", f"/servers/{server}{path}")
        _refused(answer, 404, "itemNotFound", f"Instance {server} could not be found.")
    answer = target.other.call("POST", "compute", f"/servers/{server}/action", {"os-stop": None})
    assert answer.status_code == 404
    refused = target.other.call("GET", "compute", "/servers?all_tenants=1&name=db1")
    message = "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed."
    _refused(refused, 403, "forbidden", message)
    assert server not in {row["id"] for row in target.other.get("compute", "/servers?name=db1")["servers"]}
    assert server in {row["id"] for row in target.admin.get("compute", "/servers?all_tenants=1")["servers"]}


def test_a_marker_is_a_place_among_the_servers_of_all_projects(target: Target) -> None:
    """Nova reads the marker's row whosever it is, also for a plain member."""
    server = target.server("db1")
    for client, everybody in ((target.member, ""), (target.other, ""), (target.admin, "&all_tenants=1")):
        found = client.get("compute", f"/servers?marker={server}{everybody}")["servers"]
        assert server not in {row["id"] for row in found}
        answer = client.call("GET", "compute", f"/servers?marker={MISSING}{everybody}")
        _refused(answer, 400, "badRequest", f"marker [{MISSING}] not found")


def test_a_microversion_that_does_not_exist(target: Target) -> None:
    message = "Version 2.200 is not supported by the API. Minimum is 2.1 and maximum is 2.104."
    _refused(target.member.call("GET", "compute", "/servers", mv="2.200"), 406, "computeFault", message)
    message = "Version 3.99 is not supported by the API. Minimum is 3.0 and maximum is 3.71."
    _refused(target.member.call("GET", "volumev3", "/volumes", mv="3.99"), 406, "computeFault", message)


def test_services_are_for_admins(target: Target) -> None:
    message = "Policy doesn't allow os_compute_api:os-services:list to be performed."
    _refused(target.member.call("GET", "compute", "/os-services"), 403, "forbidden", message)
    rows = target.admin.get("compute", "/os-services", mv="2.104")["services"]
    names = [
        "binary",
        "host",
        "id",
        "zone",
        "status",
        "state",
        "updated_at",
        "disabled_reason",
        "forced_down",
    ]
    assert list(rows[0]) == names


def test_the_root_disk_cannot_be_detached(target: Target) -> None:
    server = target.server("db1")
    rows = target.member.get("compute", f"/servers/{server}/os-volume_attachments")["volumeAttachments"]
    path = f"/servers/{server}/os-volume_attachments/{rows[0]['volumeId']}"
    answer = target.member.call("DELETE", "compute", path)
    _refused(answer, 400, "badRequest", "Cannot detach a root device volume")


def test_the_life_of_a_server(target: Target) -> None:
    member = target.member
    image = member.get("image", "/v2/images?name=tiny")["images"][0]["id"]
    network = member.get("compute", f"/servers/{target.server('db1')}/os-interface")["interfaceAttachments"][
        0
    ]
    mapping = {"boot_index": 0, "uuid": image, "source_type": "image", "destination_type": "volume"}
    mapping |= {"volume_size": 1, "delete_on_termination": True}
    body = {"name": "opencbr-test-conformance", "flavorRef": "1", "networks": [{"uuid": network["net_id"]}]}
    body |= {"block_device_mapping_v2": [mapping], "metadata": {"purpose": "test"}, "tags": ["b", "a"]}
    made = member.call("POST", "compute", "/servers", {"server": body}, mv="2.104")
    assert made.status_code == 202, made.text
    server = made.json()["server"]["id"]
    volume = None
    try:
        doc = _server(member, server, "ACTIVE")
        assert (doc["image"], doc["tags"], doc["metadata"]) == ("", ["a", "b"], {"purpose": "test"})
        assert len(doc["os-extended-volumes:volumes_attached"]) == 1
        volume = _free_volume(target)
        _attach_and_detach(target, server, volume)
        _stop_and_lock(target, server)
    finally:
        member.call("POST", "compute", f"/servers/{server}/action", {"unlock": None})
        assert member.call("DELETE", "compute", f"/servers/{server}").status_code == 204
        end = time.monotonic() + 120
        while member.call("GET", "compute", f"/servers/{server}").status_code != 404:
            assert time.monotonic() < end, "the server is never gone"
            time.sleep(0.05)
        if volume:
            member.states(f"/volumes/{volume}", "volume", {"available"})
            member.call("DELETE", "volumev3", f"/volumes/{volume}")
            member.states(f"/volumes/{volume}", "volume", {404})


def _free_volume(target: Target) -> str:
    given = {"volume": {"size": 1, "name": "opencbr-test-conformance-data"}}
    volume = str(target.member.call("POST", "volumev3", "/volumes", given).json()["volume"]["id"])
    target.member.states(f"/volumes/{volume}", "volume", {"available"})
    return volume


def _attach_and_detach(target: Target, server: str, volume: str) -> None:
    member = target.member
    body = {"volumeAttachment": {"volumeId": volume}}
    answer = member.call("POST", "compute", f"/servers/{server}/os-volume_attachments", body)
    assert answer.status_code == 200
    assert list(answer.json()["volumeAttachment"]) == ["id", "serverId", "volumeId", "device"]
    assert member.states(f"/volumes/{volume}", "volume", {"in-use"})[-1] == "in-use"
    again = member.call("POST", "compute", f"/servers/{server}/os-volume_attachments", body)
    assert again.status_code == 400
    gone = member.call("DELETE", "compute", f"/servers/{server}/os-volume_attachments/{volume}")
    assert gone.status_code == 202
    assert member.states(f"/volumes/{volume}", "volume", {"available"})[-1] == "available"


def _stop_and_lock(target: Target, server: str) -> None:
    member = target.member
    assert member.call("POST", "compute", f"/servers/{server}/action", {"os-stop": None}).status_code == 202
    _server(member, server, "SHUTOFF")
    answer = member.call("POST", "compute", f"/servers/{server}/action", {"os-stop": None})
    message = f"Cannot 'stop' instance {server} while it is in vm_state stopped"
    _refused(answer, 409, "conflictingRequest", message)
    assert member.call("POST", "compute", f"/servers/{server}/action", {"lock": None}).status_code == 202
    answer = member.call("POST", "compute", f"/servers/{server}/action", {"os-start": None})
    _refused(answer, 409, "conflictingRequest", f"Instance {server} is locked")
    assert member.get("compute", f"/servers/{server}", mv="2.104")["server"]["locked"] is True


def test_server_groups(target: Target) -> None:
    body = {"server_group": {"name": "opencbr-test-conformance", "policy": "anti-affinity"}}
    made = target.member.call("POST", "compute", "/os-server-groups", body, mv="2.104")
    assert made.status_code == 200
    group = made.json()["server_group"]
    try:
        assert list(group) == ["id", "name", "policy", "rules", "members", "project_id", "user_id"]
        old = target.member.get("compute", f"/os-server-groups/{group['id']}")["server_group"]
        assert list(old) == ["id", "name", "policies", "metadata", "members"]
        stranger = target.other.call("GET", "compute", f"/os-server-groups/{group['id']}")
        assert stranger.status_code == 404
    finally:
        assert target.member.call("DELETE", "compute", f"/os-server-groups/{group['id']}").status_code == 204
