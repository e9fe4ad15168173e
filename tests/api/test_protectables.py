"""Chapter Protectable over HTTP: what a project has and whether it can be bound."""

import json
from typing import Any

import pytest

from .api_server import ApiServer
from .protected_cloud import (
    disk_ref,
    new_disk,
    new_disk_vault,
    new_server,
    new_vault,
    refused,
    server_ref,
)

NOWHERE = "5a1b2c3d-0000-4000-8000-000000000000"


def listed(cbr: ApiServer, kind: str, query: str = "", account: str = "demo") -> list[dict]:
    answer = cbr.call("GET", f"protectables/{kind}/instances?{query}", account=account)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"instances"}
    return answer.json()["instances"]


def shown(cbr: ApiServer, kind: str, one: str) -> dict:
    answer = cbr.call("GET", f"protectables/{kind}/instances/{one}")
    assert answer.status_code == 200, answer.text
    return answer.json()["instance"]


def test_a_server_is_shown_with_its_disks(cbr: ApiServer):
    """Its status is the cloud's own word (trap T30)."""
    server = new_server(cbr, sizes=(1, 2))
    seen = shown(cbr, "server", server["id"])
    assert seen["name"] == server["name"]
    assert (seen["type"], seen["status"], seen["size"]) == ("OS::Nova::Server", "ACTIVE", 3)
    assert seen["detail"]["id"] == server["id"]
    assert "addresses" in seen["detail"]
    assert [(c["id"], c["size"], c["children"]) for c in seen["children"]] == [
        (server["disks"][0], 1, []),
        (server["disks"][1], 2, []),
    ]
    assert all(c["type"] == "OS::Cinder::Volume" and "protectable" not in c for c in seen["children"])
    assert seen["protectable"] == {"result": True, "code": "", "reason": "", "message": "", "vault": None}


def test_a_disk_is_shown_without_children(cbr: ApiServer):
    disk = new_disk(cbr, size=2)
    seen = shown(cbr, "disk", disk["id"])
    assert (seen["type"], seen["status"], seen["size"]) == ("OS::Cinder::Volume", "available", 2)
    assert seen["children"] == []
    assert seen["detail"]["volume_type"]
    assert seen["protectable"]["result"] is True


def test_a_tenant_does_not_see_what_only_an_admin_may(cbr: ApiServer):
    (db1,) = listed(cbr, "server", "name=db1")
    texts = json.dumps(db1)
    for hidden in (
        "OS-EXT-SRV-ATTR",
        "host_status",
        "user_data",
        "os-vol-host-attr",
        "mig-status",
        "provider_id",
        "service_uuid",
        "host_name",
    ):
        assert hidden not in texts.replace('"provider_id": "0daac4c5', ""), hidden
    assert db1["detail"]["metadata"] == {"role": "database", "tier": "gold"}


def test_nor_why_a_server_failed_in_the_words_of_the_clouds_own_machines(cbr: ApiServer):
    trace = {
        "code": 500,
        "created": "2026-11-24T01:42:15Z",
        "message": "NoValidHost",
        "details": "on compute-7",
    }
    server = new_server(cbr, status="ERROR", fault=trace)
    seen = shown(cbr, "server", server["id"])
    assert seen["detail"]["fault"] == {name: trace[name] for name in ("code", "created", "message")}
    assert seen["protectable"]["result"] is False


def test_what_is_bound_names_its_vault(cbr: ApiServer):
    server, disk = new_server(cbr), new_disk(cbr)
    vault, disk_vault = new_vault(cbr, server_ref(server)), new_disk_vault(cbr, disk)
    for kind, one, holder in (("server", server, vault), ("disk", disk, disk_vault)):
        found = shown(cbr, kind, one["id"])["protectable"]
        assert (found["result"], found["code"]) == (False, "BackupService.6103")
        assert holder["id"] in found["message"]
        assert found["reason"]
        assert found["vault"] == holder
        (same,) = listed(cbr, kind, f"name={one['name']}")
        assert same["protectable"] == found


@pytest.mark.parametrize(
    ("change", "code"),
    [({"status": "ERROR"}, "7101"), ({"sizes": (), "image_id": ""}, "7108")],
    ids=["state", "no-disk"],
)
def test_what_cannot_be_protected_says_why(cbr: ApiServer, change, code):
    server = new_server(cbr, **change)
    found = shown(cbr, "server", server["id"])["protectable"]
    assert (found["result"], found["code"], found["vault"]) == (False, f"BackupService.{code}", None)
    assert server["id"] in found["message"]


def test_lists_show_the_project_alone(cbr: ApiServer):
    mine, foreign = new_server(cbr), new_server(cbr, "other")
    ids = {one["id"] for one in listed(cbr, "server", "limit=50")}
    assert mine["id"] in ids
    assert foreign["id"] not in ids
    assert foreign["id"] in {one["id"] for one in listed(cbr, "server", account="other")}
    assert not {d["id"] for d in listed(cbr, "disk")} & set(foreign["disks"])
    refused(cbr.call("GET", f"protectables/server/instances/{foreign['id']}"), 404, "7100")
    refused(cbr.call("GET", f"protectables/disk/instances/{foreign['disks'][0]}"), 404, "7000")
    for one in (NOWHERE, "no-uuid", "%2e%2e"):
        refused(cbr.call("GET", f"protectables/server/instances/{one}"), 404, "7100")
        refused(cbr.call("GET", f"protectables/disk/instances/{one}"), 404, "7000")
    assert listed(cbr, "disk", f"server_id={foreign['id']}") == []


def test_filters_are_exact(cbr: ApiServer):
    server = new_server(cbr, sizes=(1, 1, 1))
    stopped = new_server(cbr, status="SHUTOFF")
    longer = new_server(cbr, name=server["name"] + "-x")
    assert [one["id"] for one in listed(cbr, "server", f"name={server['name']}")] == [server["id"]]
    both = listed(cbr, "server", f"name={server['name']}&name={longer['name']}")
    assert {one["id"] for one in both} == {server["id"], longer["id"]}
    assert [one["id"] for one in listed(cbr, "server", f"id={server['id']}")] == [server["id"]]
    assert listed(cbr, "server", f"id={NOWHERE}") == []
    off = {one["id"] for one in listed(cbr, "server", "status=shutoff")}
    assert stopped["id"] in off
    assert server["id"] not in off
    disks = listed(cbr, "disk", f"server_id={server['id']}")
    assert {one["id"] for one in disks} == set(server["disks"])
    assert listed(cbr, "disk", f"server_id={NOWHERE}") == []
    unicode = listed(cbr, "server", "name=caf%C3%A9-%E6%96%87")
    assert [one["name"] for one in unicode] == ["café-文"]


@pytest.mark.parametrize("query", ["", "server_id"])
def test_pages_have_every_disk_once(cbr: ApiServer, query):
    server = new_server(cbr, sizes=(1, 1, 1))
    query = f"&server_id={server['id']}" if query else ""
    everything = [one["id"] for one in listed(cbr, "disk", f"limit=50{query}")]
    assert len(everything) >= 3
    by_offset = [
        listed(cbr, "disk", f"limit=1&offset={n}{query}")[0]["id"] for n in range(min(len(everything), 4))
    ]
    assert by_offset == everything[: len(by_offset)]
    seen, marker = [], ""
    while page := listed(cbr, "disk", f"limit=2{query}{marker}"):
        seen += [one["id"] for one in page]
        marker = f"&marker={seen[-1]}"
    assert seen[: len(everything)] == everything
    assert len(seen) == len(set(seen))
    assert listed(cbr, "disk", f"offset=100000{query}") == []
    answer = cbr.call("GET", f"protectables/disk/instances?marker={NOWHERE}{query}")
    refused(answer, 400, "9900", "marker")


@pytest.mark.parametrize(("kind", "new"), [("server", new_server), ("disk", new_disk)])
def test_a_marker_does_not_tell_whether_another_projects_thing_exists(cbr: ApiServer, kind: str, new: Any):
    """Nova and Cinder begin behind a marker of any project when an administrator asks."""
    new(cbr)
    foreign = new(cbr, "other")["id"]
    new(cbr)
    told = []
    for marker in (foreign, NOWHERE):
        answer = cbr.call("GET", f"protectables/{kind}/instances?marker={marker}")
        refused(answer, 400, "9900", "marker")
        told.append(answer.json()["error_msg"].replace(marker, "…"))
    assert told[0] == told[1]
    assert foreign not in {one["id"] for one in listed(cbr, kind, f"marker={foreign}", "other")}


def test_a_page_has_fifty_at_most(cbr: ApiServer):
    for _ in range(51):
        new_disk(cbr)
    assert len(listed(cbr, "disk", "limit=1000")) == 50
    assert len(listed(cbr, "disk")) == 50
    refused(cbr.call("GET", "protectables/disk/instances?limit=0"), 400, "9900", "limit")


def test_other_types_are_not_offered(cbr: ApiServer):
    for kind in ("turbo", "workspace", "x"):
        refused(cbr.call("GET", f"protectables/{kind}/instances"), 400, "6116", "server or disk")
        refused(cbr.call("GET", f"protectables/{kind}/instances/{NOWHERE}"), 400, "6116")


def test_a_disk_of_a_disk_vault_can_be_bound_by_its_own(cbr: ApiServer):
    server = new_server(cbr, sizes=(1, 1))
    vault = new_disk_vault(cbr)
    answer = cbr.call(
        "POST", f"vaults/{vault['id']}/addresources", {"resources": [disk_ref({"id": server["disks"][1]})]}
    )
    assert answer.status_code == 200
    assert shown(cbr, "disk", server["disks"][1])["status"] == "in-use"
    assert shown(cbr, "server", server["id"])["protectable"]["result"] is True
