"""Whose documents may be kept: the reader sees all projects, a record holds one's things and public ones."""

from typing import Any

import pytest

from opencbr.cloud.ownership import may_keep

OURS, THEIRS = "5" * 32, "6" * 32


def owned(envelope: str, owner: str) -> dict[str, Any]:
    return {envelope: {"project_id": owner}}


BODIES = {
    "server": lambda owner: owned("server", owner),
    "server@newest": lambda owner: owned("server", owner),
    "server_group": lambda owner: owned("server_group", owner),
    "volume/1": lambda owner: {"volume": {"os-vol-tenant-attr:tenant_id": owner}},
    "volume@newest/1": lambda owner: {"volume": {"os-vol-tenant-attr:tenant_id": owner}},
    "image/1": lambda owner: {"owner": owner, "visibility": "private"},
    "network/1": lambda owner: owned("network", owner),
    "subnet/1": lambda owner: owned("subnet", owner),
    "router/1": lambda owner: owned("router", owner),
    "port/1": lambda owner: owned("port", owner),
    "floatingips": lambda owner: {"floatingips": [{"project_id": owner}]},
    "security_group/1": lambda owner: owned("security_group", owner),
}


@pytest.mark.parametrize("name", BODIES)
def test_ones_own_is_kept_and_another_projects_is_not(name: str) -> None:
    assert may_keep(name, BODIES[name](OURS), OURS, {})
    assert not may_keep(name, BODIES[name](THEIRS), OURS, {})
    assert not may_keep(name, {}, OURS, {}) or name == "floatingips", "no owner told"


@pytest.mark.parametrize(
    ("visibility", "kept"),
    [("public", True), ("community", True), ("shared", False), ("private", False), (None, False)],
)
def test_another_projects_image_is_kept_when_everybody_may_see_it(visibility: str | None, kept: bool) -> None:
    assert may_keep("image/1", {"owner": THEIRS, "visibility": visibility}, OURS, {}) is kept


@pytest.mark.parametrize(
    "body",
    [
        {"network": {"project_id": THEIRS, "shared": True}},
        {"network": {"project_id": THEIRS, "router:external": True}},
    ],
)
def test_another_projects_network_is_kept_when_it_is_open(body: dict[str, Any]) -> None:
    assert may_keep("network/1", body, OURS, {})


def test_one_foreign_floating_ip_spoils_the_list() -> None:
    rows = [{"project_id": OURS}, {"project_id": THEIRS}]
    assert not may_keep("floatingips", {"floatingips": rows}, OURS, {})


def test_an_interface_with_a_port_of_a_stranger_is_not_kept() -> None:
    body = {"interfaceAttachments": [{"port_id": "1"}, {"port_id": "2"}]}
    listed = {"ports": {"ports": [{"id": "1"}, {"id": "2"}]}}
    assert may_keep("interface", body, OURS, listed)
    assert may_keep("interface", body, OURS, {"port/1": {}, "port/2": {}}), "read one by one"
    assert not may_keep("interface", body, OURS, {"ports": {"ports": [{"id": "1"}]}})
