"""One odd entry of the cloud's lists: the others are shown, it is shown as far as it can be, and the log names it once."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from opencbr.democloud.compute import servers, views
from opencbr.democloud.volume import volumes

from .api_server import ApiServer
from .protected_cloud import disk_ref, new_disk, new_disk_vault, new_server, new_vault, refused, server_ref
from .test_protectables import listed, shown

Odd = Callable[[dict[str, Any], dict[str, Any]], None]


@pytest.fixture(name="odd")
def _odd(monkeypatch: pytest.MonkeyPatch) -> Odd:
    """Have the cloud describe a server or volume with these members."""
    changes: dict[str, dict[str, Any]] = {}

    def changed(view: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        return lambda call, doc, **more: view(call, doc, **more) | changes.get(doc["id"], {})

    monkeypatch.setattr(servers, "server_view", changed(views.server_view))
    monkeypatch.setattr(volumes, "volume_view", changed(volumes.volume_view))
    return lambda one, members: changes.update({one["id"]: members})


ODD_SERVERS = [
    ({"name": 5}, "name of server is a whole number instead of text"),
    ({"name": ["n"]}, "name of server is a list instead of text"),
    ({"status": None}, "status of server is null instead of text"),
    (
        {"OS-EXT-AZ:availability_zone": {}},
        "OS-EXT-AZ:availability_zone of server is an object instead of text",
    ),
]
ODD_DISKS = [
    ({"name": 5}, "name of volume is a whole number instead of text"),
    ({"size": None}, "size of volume is null instead of a whole number"),
    ({"size": 2**40}, "size of volume is a number out of range"),
    ({"attachments": [None]}, "attachments/* of volume is null instead of an object"),
    (
        {"attachments": [{"server_id": 5}]},
        "attachments/*/server_id of volume is a whole number instead of text",
    ),
]


@pytest.mark.parametrize(("members", "wrong"), ODD_SERVERS, ids=[str(one) for one, _ in ODD_SERVERS])
def test_an_odd_server_is_listed_beside_the_others(
    cbr: ApiServer, odd: Odd, caplog: pytest.LogCaptureFixture, members: dict[str, Any], wrong: str
):
    strange, plain = new_server(cbr), new_server(cbr)
    odd(strange, members)
    caplog.set_level(logging.WARNING, "opencbr.cloud")
    for _ in range(2):
        found = {one["id"]: one for one in listed(cbr, "server", "limit=50")}
        assert found[plain["id"]]["protectable"]["result"] is True
        seen = found[strange["id"]]
        assert seen == shown(cbr, "server", strange["id"])
    assert (seen["name"], seen["status"]) == (
        strange["id"] if "name" in members else strange["name"],
        "unknown" if "status" in members else "ACTIVE",
    )
    assert seen["detail"] | members == seen["detail"]
    told = seen["protectable"]
    assert (told["result"], told["code"], told["vault"]) == (False, "BackupService.7103", None)
    assert strange["id"] in told["message"]
    assert wrong in told["message"]
    assert [line for line in caplog.messages if strange["id"] in line] == [
        f"server {strange['id']} is not described as the API promises: {wrong}"
    ]


@pytest.mark.parametrize(("members", "wrong"), ODD_DISKS, ids=[str(one) for one, _ in ODD_DISKS])
def test_an_odd_disk_is_listed_beside_the_others_and_as_its_servers(
    cbr: ApiServer, odd: Odd, members: dict[str, Any], wrong: str
):
    server, plain = new_server(cbr, sizes=(1, 2)), new_server(cbr)
    strange = server["disks"][1]
    odd({"id": strange}, members)
    for query in ("limit=50", f"server_id={server['id']}"):
        found = {one["id"]: one for one in listed(cbr, "disk", query)}
        assert found[server["disks"][0]]["protectable"]["result"] is True
        assert found[strange] == shown(cbr, "disk", strange)
        assert found[strange]["protectable"]["code"] == "BackupService.7004"
        assert wrong in found[strange]["protectable"]["message"]
    listed_servers = {one["id"]: one for one in listed(cbr, "server", "limit=50")}
    assert listed_servers[plain["id"]]["protectable"]["result"] is True
    seen = listed_servers[server["id"]]
    assert seen == shown(cbr, "server", server["id"])
    assert [child["id"] for child in seen["children"]] == server["disks"]
    assert seen["protectable"]["code"] == "BackupService.7103"
    assert strange in seen["protectable"]["message"]
    new_vault(cbr, server_ref(server, extra_info={"exclude_volumes": [strange]}))


@pytest.mark.parametrize("id_", [None, 5, ["x"]], ids=str)
@pytest.mark.parametrize(("kind", "new"), [("server", new_server), ("disk", new_disk)])
def test_what_has_no_id_is_left_out(cbr: ApiServer, odd: Odd, kind: str, new: Any, id_: Any):
    older, strange, newer = (new(cbr) for _ in range(3))
    odd(strange, {"id": id_})
    ids = [one["id"] for one in listed(cbr, kind, "limit=50")]
    assert {older["id"], newer["id"]} <= set(ids)
    assert strange["id"] not in ids


def test_an_odd_server_or_disk_is_not_bound_and_says_why(cbr: ApiServer, odd: Odd):
    server, disk = new_server(cbr), new_disk(cbr)
    vault, disk_vault = new_vault(cbr), new_disk_vault(cbr)
    odd(server, {"name": 5})
    odd(disk, {"size": "1"})
    for holder, one, code in (
        (vault, server_ref(server), "7103"),
        (disk_vault, disk_ref(disk), "7004"),
    ):
        answer = cbr.call("POST", f"vaults/{holder['id']}/addresources", {"resources": [one]})
        refused(answer, 400, code, one["id"], "instead of")
