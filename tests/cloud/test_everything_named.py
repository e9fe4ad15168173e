"""`complete` means that every reference was followed: what a document names is in the reading, or is told as missing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from democloud.client import Client
from opencbr.cloud.capture import read_disk
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.second_reading import read_again
from opencbr.democloud import DemoCloud, Timing
from opencbr.model.document import ABSENT, EMPTY, Reading

from .clouds import CloudEnv, QuickClock, body, names

NET = "network"


class Rich(CloudEnv):
    """A cloud whose db1 has everything that Neutron's extensions add to a server."""

    def made(self, kind: str, path: str, *, admin: bool = False, **fields: object) -> dict:
        client = Client("admin" if admin else "demo", str(self.clouds_file))
        answer = client.call("POST", NET, f"/v2.0/{path}", {kind: fields})
        assert answer.status_code == 201, answer.text
        return answer.json()[kind]

    def state_of(self, kind: str, **fields: object) -> dict:
        with self.demo.backend.state.change():
            found = self.demo.backend.state.find(kind, **fields)
        assert found is not None
        return found

    def set(self, kind: str, thing: dict, **fields: object) -> None:
        with self.demo.backend.state.change():
            now = self.demo.backend.state.get(kind, thing["id"])
            self.demo.backend.state.put(kind, now | fields)


@pytest.fixture(scope="module", name="cloud")
def _cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rich]:
    folder: Path = tmp_path_factory.mktemp("rich")
    with DemoCloud(folder / "state", timing=Timing.instant()) as demo:
        file = folder / "clouds.yaml"
        file.write_text(yaml.safe_dump(demo.clouds_yaml()))
        clock = QuickClock()
        yield Rich(demo, file, clock, Cloud(CloudSettings(cloud="opencbr", config_files=(str(file),)), clock))
        assert demo.errors == []


@pytest.fixture(autouse=True)
def _without_faults(cloud: Rich) -> Iterator[None]:
    yield
    cloud.demo.faults.clear()


def told(reading: Reading) -> tuple:
    return reading.unread, reading.hidden, reading.gaps


def test_the_subports_of_a_trunk_with_their_networks_and_groups(cloud: Rich):
    port = cloud.state_of("port", name="db1-front")
    vlan = cloud.made("network", "networks", name="vlan-42")
    subnet = cloud.made("subnet", "subnets", network_id=vlan["id"], cidr="10.42.0.0/24", ip_version=4)
    sub = cloud.made("port", "ports", network_id=vlan["id"])
    row = {"port_id": sub["id"], "segmentation_id": 42, "segmentation_type": "vlan"}
    trunk = cloud.made("trunk", "trunks", port_id=port["id"], sub_ports=[row])
    reading = cloud.read("db1")
    group = sub["security_groups"][0]
    wanted = {f"trunk/{trunk['id']}", f"subport/{sub['id']}", f"floatingips/{sub['id']}"}
    wanted |= {f"network/{vlan['id']}", f"subnet/{subnet['id']}", f"security_group/{group}"}
    assert wanted <= set(names(reading.documents))
    assert sub["mac_address"].encode() in body(reading, f"port/{port['id']}")
    assert told(reading) == ((), (), ())
    assert f"port/{sub['id']}" not in names(reading.documents), "contract 6.9: ports are the interfaces' own"
    again = read_again(cloud.cloud.reader(), reading, cloud.clock)
    assert json.loads(body(again, f"port/{port['id']}")) == json.loads(body(reading, f"port/{port['id']}"))
    cloud.demo.faults.inject(service=NET, path="/trunks/", status=404, times=0)
    assert [(u.name, u.outcome) for u in cloud.read("db1").unread] == [(f"trunk/{trunk['id']}", ABSENT)]


def test_the_qos_policies_of_port_network_and_floating_ip(cloud: Rich):
    mine = {"project_id": cloud.project_id, "admin": True}
    slow, slower, slowest = (cloud.made("policy", "qos/policies", name=n, **mine) for n in ("1", "2", "3"))
    cloud.set("port", cloud.state_of("port", name="db1-front"), qos_policy_id=slow["id"])
    cloud.set("network", cloud.state_of("network", name="demo-net"), qos_policy_id=slower["id"])
    cloud.set("floatingip", cloud.state_of("floatingip"), qos_policy_id=slowest["id"])
    reading = cloud.read("db1")
    assert {f"qos_policy/{p['id']}" for p in (slow, slower, slowest)} <= set(names(reading.documents))
    assert told(reading) == ((), (), ())


def test_the_policy_of_somebody_else_s_network_is_that_project_s_affair(cloud: Rich):
    theirs = cloud.made("policy", "qos/policies", name="external", admin=True)
    cloud.set("network", cloud.state_of("network", name="public"), qos_policy_id=theirs["id"])
    assert told(cloud.read("db1")) == ((), (), ())


def test_a_floating_ip_that_forwards_to_the_server(cloud: Rich):
    public, port = cloud.state_of("network", name="public"), cloud.state_of("port", name="db1-front")
    inside = {"internal_port_id": port["id"], "internal_ip_address": port["fixed_ips"][0]["ip_address"]}
    ports = {"protocol": "tcp", "internal_port": 22, "external_port": 2222}
    address = cloud.made("floatingip", "floatingips", floating_network_id=public["id"])
    cloud.made("floatingip", "floatingips", floating_network_id=public["id"])  # forwards nothing
    forwarding = cloud.made(
        "port_forwarding", f"floatingips/{address['id']}/port_forwardings", **inside, **ports
    )
    reading = cloud.read("db1")
    assert address["floating_ip_address"].encode() in body(reading, f"floatingip/{address['id']}")
    rows = json.loads(body(reading, f"port_forwardings/{address['id']}"))["port_forwardings"]
    assert [row["id"] for row in rows] == [forwarding["id"]]
    assert [n for n in names(reading.documents) if n.startswith("floatingip/")] == [
        f"floatingip/{address['id']}"
    ]
    assert told(reading) == ((), (), ())


def test_what_the_rules_of_a_security_group_name(cloud: Rich):
    group = cloud.state_of("security-group", name="database")
    office = cloud.made("address_group", "address-groups", name="office", addresses=["198.51.100.0/24"])
    web = cloud.made("security_group", "security-groups", name="web")
    rule = {"direction": "ingress", "ethertype": "IPv4", "security_group_id": group["id"]}
    for remote in ({"remote_address_group_id": office["id"]}, {"remote_group_id": web["id"]}):
        cloud.made("security_group_rule", "security-group-rules", **rule, **remote)
    reading = cloud.read("db1")
    assert {f"address_group/{office['id']}", f"security_group/{web['id']}"} <= set(names(reading.documents))
    assert told(reading) == ((), (), ())


def test_how_the_type_of_an_encrypted_volume_is_encrypted(cloud: Rich):
    client, admin = (Client(name, str(cloud.clouds_file)) for name in ("demo", "admin"))
    kind = cloud.state_of("volume-type", name="__DEFAULT__")
    how = {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256, "control_location": "front-end"}
    made = admin.call("POST", "volumev3", f"/types/{kind['id']}/encryption", {"encryption": how})
    assert made.status_code == 200, made.text
    answer = client.call("POST", "volumev3", "/volumes", {"volume": {"size": 1, "volume_type": kind["name"]}})
    volume = answer.json()["volume"]["id"]
    client.states(f"/volumes/{volume}", "volume", {"available"})

    def read() -> Reading:
        return read_disk(
            cloud.cloud.reader(), volume_id=volume, project_id=cloud.project_id, clock=cloud.clock
        )

    reading = read()
    document = json.loads(body(reading, f"encryption/{kind['id']}"))
    assert {name: document[name] for name in how} == how
    assert told(reading) == ((), (), ())
    with cloud.demo.backend.state.change():
        cloud.demo.backend.state.drop("encryption", document["encryption_id"])
    assert [(u.name, u.outcome) for u in read().unread] == [(f"encryption/{kind['id']}", EMPTY)]
    specs = {"id": "5" * 8 + "-0000-4000-8000-" + "5" * 12, "name": "slow", "consumer": "back-end"}
    with cloud.demo.backend.state.change():
        cloud.demo.backend.state.put("qos-specs", specs | {"specs": {"total_iops_sec": "100"}})
    cloud.set("volume-type", kind, qos_specs_id=specs["id"])
    assert json.loads(body(read(), f"qos_specs/{specs['id']}"))["qos_specs"]["name"] == "slow"


@pytest.mark.parametrize("flavor", [{}, None, {"links": []}])
def test_a_server_that_does_not_say_its_flavor_has_a_gap(
    cloud: Rich, flavor: object, monkeypatch: pytest.MonkeyPatch
):
    from opencbr.democloud.compute import views

    shown = views._flavor
    monkeypatch.setattr(
        views, "_flavor", lambda call, doc: shown(call, doc) if call.at_least("2.47") else flavor
    )
    reading = cloud.read("db1")
    assert reading.gaps == ("server does not say which flavor it has, so that none is in this backup.",)


def test_a_cloud_without_routers_lacks_nothing(cloud: Rich):
    cloud.demo.faults.inject(service=NET, path="/floatingips", status=404, times=0)
    assert told(cloud.read("db1")) == ((), (), ())


def test_a_list_that_the_cloud_cut_short_is_a_gap(cloud: Rich, monkeypatch: pytest.MonkeyPatch):
    from opencbr.democloud.network import ports, routes

    def short(call: object, name: str, rows: list) -> object:
        answer = routes.listing(call, name, rows)
        answer.body[f"{name}_links"] = [{"rel": "next", "href": "http://cloud/v2.0/ports?marker=x"}]
        return answer

    monkeypatch.setattr(ports, "listing", short)
    assert any(gap.startswith("ports is a list that the cloud cut short") for gap in cloud.read("db1").gaps)


def test_what_nothing_reads_is_a_gap(cloud: Rich, monkeypatch: pytest.MonkeyPatch):
    from opencbr.democloud.volume import volumes

    view = volumes.volume_view
    monkeypatch.setattr(
        volumes, "volume_view", lambda call, doc: view(call, doc) | {"consistencygroup_id": "g-1"}
    )
    volume = cloud.volume_id("db1-data")
    reading = read_disk(
        cloud.cloud.reader(), volume_id=volume, project_id=cloud.project_id, clock=cloud.clock
    )
    assert reading.gaps == (f"volume/{volume} names the volume_group g-1, which is not in this backup.",)
