"""Every body has the keys (in their order) and the JSON types of the recorded one."""

from typing import Any

import pytest

from .shapes import differences, sample
from .target import Target


@pytest.mark.parametrize(
    ("found", "recorded", "expected"),
    [
        ({"description": None}, {"description": "text"}, []),
        ({"description": "text"}, {"description": None}, []),
        ({"description": 5}, {"description": None}, [".description: int instead of str"]),
        ({"size": None}, {"size": 1}, [".size: null, which it never is"]),
        ({"fail_reason": 5}, {"fail_reason": None}, []),  # null in every recorded body
        ({"routes": [5]}, {"routes": []}, []),  # empty in every recorded body
        (
            {"os-extended-volumes:volumes_attached": ["id"]},
            {"os-extended-volumes:volumes_attached": []},
            [".os-extended-volumes:volumes_attached[0]: str instead of dict"],
        ),
    ],
)
def test_what_null_and_an_empty_list_stand_for(found: Any, recorded: Any, expected: list[str]) -> None:
    assert differences(found, recorded) == expected


_COMPUTE = [
    ("server-2.1", "member", "db1", "/servers/{}", None),
    ("server-newest", "member", "db1", "/servers/{}", "2.104"),
    ("server-newest-admin", "admin", "db1", "/servers/{}", "2.104"),
    ("server-image-booted-newest", "member", "web1", "/servers/{}", "2.104"),
    ("os-interface-2.1", "member", "db1", "/servers/{}/os-interface", None),
    ("os-interface-newest", "member", "db1", "/servers/{}/os-interface", "2.104"),
    ("os-volume_attachments-2.1", "member", "db1", "/servers/{}/os-volume_attachments", None),
    ("os-volume_attachments-newest", "member", "db1", "/servers/{}/os-volume_attachments", "2.104"),
    ("os-security-groups", "member", "db1", "/servers/{}/os-security-groups", None),
    ("flavor-2.1", "member", "db1", "/flavors/1", None),
    ("flavor-newest", "member", "db1", "/flavors/1", "2.104"),
    ("limits-compute", "member", "db1", "/limits", "2.104"),
    ("versions-compute", "member", "db1", "/", None),
]


@pytest.mark.parametrize(("name", "who", "server", "path", "mv"), _COMPUTE, ids=str)
def test_compute(target: Target, *, name: str, who: str, server: str, path: str, mv: str | None) -> None:
    caller = target.admin if who == "admin" else target.member
    found = caller.get("compute", path.format(target.server(server)), mv=mv)
    assert differences(found, sample(name)) == []


def test_a_server_at_2_46_is_the_one_at_2_1_and_what_came_since(target: Target) -> None:
    server = target.server("db1")
    old = target.member.get("compute", f"/servers/{server}")["server"]
    new = target.member.get("compute", f"/servers/{server}", mv="2.46")["server"]
    assert list(new) == [*old, "locked", "description", "tags"]
    admin = target.admin.get("compute", f"/servers/{server}", mv="2.46")["server"]
    assert {key for key in admin if key not in new} == {
        *("OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:instance_name", "OS-EXT-SRV-ATTR:hypervisor_hostname"),
        *("OS-EXT-SRV-ATTR:hostname", "OS-EXT-SRV-ATTR:kernel_id", "OS-EXT-SRV-ATTR:launch_index"),
        *("OS-EXT-SRV-ATTR:ramdisk_id", "OS-EXT-SRV-ATTR:reservation_id"),
        *("OS-EXT-SRV-ATTR:root_device_name", "OS-EXT-SRV-ATTR:user_data", "host_status"),
    }


def test_the_long_list_moves_security_groups_and_leaves_server_groups_out(target: Target) -> None:
    rows = target.member.get("compute", "/servers/detail?name=db1", mv="2.104")["servers"]
    one = target.member.get("compute", f"/servers/{rows[0]['id']}", mv="2.104")["server"]
    assert set(one) - set(rows[0]) == {"server_groups"}
    assert list(rows[0])[-1] == "security_groups"


def test_keypair(target: Target) -> None:
    server = target.member.get("compute", f"/servers/{target.server('db1')}")["server"]
    path = f"/os-keypairs/{server['key_name']}"
    assert differences(target.member.get("compute", path, mv="2.104"), sample("keypair")) == []
    by_admin = target.admin.get("compute", f"{path}?user_id={server['user_id']}", mv="2.104")
    assert differences(by_admin, sample("keypair")) == []


def _volumes_of(target: Target) -> list[str]:
    path = f"/servers/{target.server('db1')}/os-volume_attachments"
    return [row["volumeId"] for row in target.member.get("compute", path)["volumeAttachments"]]


@pytest.mark.parametrize(
    ("name", "who", "place", "mv"),
    [
        ("volume-root-3.0", "member", 0, None),
        ("volume-root-newest", "member", 0, "3.71"),
        ("volume-data-3.0", "member", 1, None),
        ("volume-data-newest", "member", 1, "3.71"),
        ("volume-data-newest-admin", "admin", 1, "3.71"),
    ],
)
def test_volumes(target: Target, name: str, who: str, place: int, mv: str | None) -> None:
    caller = target.admin if who == "admin" else target.member
    assert (
        differences(caller.get("volumev3", f"/volumes/{_volumes_of(target)[place]}", mv=mv), sample(name))
        == []
    )


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("attachments-newest", "/attachments/detail"),
        ("volume-types", "/types"),
        ("limits-volume", "/limits"),
    ],
)
def test_volume_lists(target: Target, name: str, path: str) -> None:
    assert differences(target.member.get("volumev3", path, mv="3.71"), sample(name)) == []


def test_the_long_list_of_volumes_shows_them_whole(target: Target) -> None:
    rows = target.member.get("volumev3", "/volumes/detail", mv="3.71")["volumes"]
    found = {row["id"]: row for row in rows}
    for id_, recorded in zip(_volumes_of(target), sample("volumes-detail-newest")["volumes"], strict=False):
        assert differences(found[id_], recorded) == []


@pytest.mark.parametrize(
    ("name", "key", "path", "mv"),
    [
        ("snapshot-3.0", "snapshot", "/snapshots/{}", None),
        ("snapshot-newest", "snapshot", "/snapshots/{}", "3.71"),
        ("backup-full-3.0", "full", "/backups/{}", None),
        ("backup-full-newest", "full", "/backups/{}", "3.71"),
        ("backup-incremental-newest", "incremental", "/backups/{}", "3.71"),
    ],
)
def test_snapshots_and_backups(
    target: Target, lifecycle: dict[str, Any], *, name: str, key: str, path: str, mv: str | None
) -> None:
    found = target.member.get("volumev3", path.format(lifecycle[key]), mv=mv)
    assert differences(found, sample(name)) == []


def _ports(target: Target) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = target.member.get(
        "network", f"/v2.0/ports?device_id={target.server('db1')}"
    )["ports"]
    return found


def test_network_bodies(target: Target) -> None:
    ports, member = _ports(target), target.member
    wanted = {"ports": sample("ports")["ports"]}
    assert differences({"ports": ports}, wanted) == []
    of_admin = target.admin.get("network", f"/v2.0/ports?device_id={target.server('db1')}")
    assert differences(of_admin, sample("ports-admin")) == []
    one = target.admin.get("network", f"/v2.0/ports/{ports[0]['id']}")
    assert differences(one["port"], sample("ports-admin")["ports"][0]) == []
    floating = member.get("network", f"/v2.0/floatingips?port_id={ports[0]['id']}")
    assert floating["floatingips"]
    assert differences(floating, sample("floatingips")) == []
    network = ports[0]["network_id"]
    assert differences(member.get("network", f"/v2.0/networks/{network}"), sample("network")) == []
    outer = member.get("network", f"/v2.0/networks/{floating['floatingips'][0]['floating_network_id']}")
    assert differences(outer, sample("network-external")) == []
    assert differences(member.get("network", f"/v2.0/subnets?network_id={network}"), sample("subnets")) == []
    router = floating["floatingips"][0]["router_id"]
    assert differences(member.get("network", f"/v2.0/routers/{router}"), sample("routers")) == []
    assert differences(member.get("network", "/v2.0/security-groups"), sample("security-groups")) == []


def test_neutron_writes_compactly_and_the_others_like_python(target: Target) -> None:
    compact = target.member.call("GET", "network", f"/v2.0/networks/{_ports(target)[0]['network_id']}").text
    spaced = target.member.call("GET", "compute", f"/servers/{target.server('db1')}").text
    assert compact.startswith('{"network":{"id":"')
    assert spaced.startswith('{"server": {"accessIPv4": ""')


def test_image(target: Target) -> None:
    found = target.member.get("image", "/v2/images?name=tiny")
    recorded = sample("image")
    free = {"os_distro", "hw_disk_bus"} | {
        key for key in recorded["images"][0] if key.startswith("owner_spec")
    }
    for body in (found, recorded):
        body["images"] = [{k: v for k, v in row.items() if k not in free} for row in body["images"]]
    assert differences(found, recorded) == []


def test_catalog(target: Target) -> None:
    found = target.member.get("identity", "/auth/catalog")["catalog"]
    recorded = sample("catalog")["catalog"]
    assert differences(found, recorded) == []
    assert {"identity", "compute", "volumev3", "network", "image"} <= {row["type"] for row in found}
    address = next(row for row in found if row["type"] == "volumev3")["endpoints"][0]["url"]
    assert address.endswith(f"/v3/{target.member.project_id}")


def test_every_answer_names_its_request(target: Target) -> None:
    compute = target.member.call("GET", "compute", "/servers")
    volume = target.member.call("GET", "volumev3", "/volumes")
    network = target.member.call("GET", "network", "/v2.0/ports")
    for answer in (compute, volume, network):
        assert answer.headers["x-openstack-request-id"].startswith("req-")
    for answer in (compute, volume):
        assert answer.headers["x-compute-request-id"] == answer.headers["x-openstack-request-id"]
    assert compute.headers["OpenStack-API-Version"] == "compute 2.1"
    assert volume.headers["OpenStack-API-Version"] == "volume 3.0"
