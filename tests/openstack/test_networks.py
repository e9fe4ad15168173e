"""Servers with more of Neutron than a port: their backups are complete, with all that the port leads to."""

import json
from typing import Any

import pytest
from test_story import in_clear

from support.full_stack import FullStack

EXTENSIONS = {"trunk", "qos", "floating-ip-port-forwarding", "address-group", "rbac-policies"}
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _with_the_extensions(stack: FullStack) -> None:
    rows = stack.tenant.get("network", "/v2.0/extensions")["extensions"]
    if missing := EXTENSIONS - {row["alias"] for row in rows}:
        pytest.skip(f"this Neutron has no {', '.join(sorted(missing))}")


def complete(stack: FullStack, server: str, name: str) -> dict[str, Json]:
    """Back the server up; return the documents of its record, which is complete, parsed, by name."""
    with stack.protected(server) as vault:
        _, record = in_clear(stack, stack.back_up(vault, name))
    manifest = record["manifest"]
    assert (manifest["unread"], manifest["hidden"], manifest["gaps"], manifest["drift"]) == ([], [], [], [])
    assert manifest["verdict"] == "complete"
    return {one["name"]: json.loads(one["body"]) for one in record["documents"]}


def test_a_server_on_a_network_that_is_shared_with_its_project_alone(stack: FullStack):
    objects = stack.cloud_objects
    network = objects.of_neutron("network", "networks", by=stack.other, name=f"{objects.prefix}-shared")
    subnet = objects.of_neutron(
        "subnet", "subnets", by=stack.other, network_id=network, ip_version=4, cidr="10.66.0.0/24"
    )
    objects.of_neutron(
        "rbac_policy",
        "rbac-policies",
        by=stack.other,
        object_type="network",
        object_id=network,
        action="access_as_shared",
        target_tenant=stack.tenant.project_id,
    )
    port = objects.port("guest", network_id=network)
    server = objects.server("guest", volumes=[objects.volume("guest", bootable=True)], ports=[port])
    documents = complete(stack, server, "guest")
    shown = documents[f"network/{network}"]["network"]
    assert (shown["project_id"], shown["shared"]) == (stack.other.project_id, True)
    assert documents[f"subnet/{subnet}"]["subnet"]["cidr"] == "10.66.0.0/24"


def network_behind_the_router(stack: FullStack, port: str) -> str:
    """Name the external network that a port reaches: a cloud may have others."""
    tenant = stack.tenant
    (address, *_) = tenant.get("network", f"/v2.0/ports/{port}")["port"]["fixed_ips"]
    beside = tenant.get("network", f"/v2.0/ports?fixed_ips=subnet_id={address['subnet_id']}")["ports"]
    doors = {one["device_id"] for one in beside if one["device_owner"].startswith("network:")}
    routers = [one for one in tenant.get("network", "/v2.0/routers")["routers"] if one["id"] in doors]
    found: str = routers[0]["external_gateway_info"]["network_id"]
    return found


def test_a_trunk_a_qos_policy_a_port_forwarding_and_an_address_group(stack: FullStack):
    objects, admin = stack.cloud_objects, stack.admin.user
    name = f"{objects.prefix}-rich"
    policy = objects.of_neutron(
        "policy", "qos/policies", by=admin, name=name, project_id=stack.tenant.project_id
    )
    office = objects.of_neutron("address_group", "address-groups", name=name, addresses=["198.51.100.0/24"])
    group = objects.of_neutron("security_group", "security-groups", name=name)
    objects.of_neutron(
        "security_group_rule",
        "security-group-rules",
        security_group_id=group,
        direction="ingress",
        ethertype="IPv4",
        remote_address_group_id=office,
    )
    vlan = objects.of_neutron("network", "networks", name=name)
    subnet = objects.of_neutron("subnet", "subnets", network_id=vlan, ip_version=4, cidr="10.42.0.0/24")
    child = objects.port("child", network_id=vlan)
    parent = objects.port("parent", security_groups=[group])
    answer = admin.call("PUT", "network", f"/v2.0/ports/{parent}", {"port": {"qos_policy_id": policy}})
    assert answer.status_code == 200, answer.text
    row = {"port_id": child, "segmentation_id": 42, "segmentation_type": "vlan"}
    trunk = objects.of_neutron("trunk", "trunks", name=name, port_id=parent, sub_ports=[row])
    outside = network_behind_the_router(stack, parent)
    address = objects.of_neutron("floatingip", "floatingips", floating_network_id=outside, description=name)
    inside = stack.tenant.get("network", f"/v2.0/ports/{parent}")["port"]["fixed_ips"][0]["ip_address"]
    forwarding = {"protocol": "tcp", "internal_port": 22, "external_port": 2222}
    forwarding |= {"internal_port_id": parent, "internal_ip_address": inside}
    objects.of_neutron("port_forwarding", f"floatingips/{address}/port_forwardings", **forwarding)
    server = objects.server("rich", volumes=[objects.volume("rich", bootable=True)], ports=[parent])
    documents = complete(stack, server, "rich")
    assert documents[f"trunk/{trunk}"]["trunk"]["sub_ports"] == [row]
    assert documents[f"subport/{child}"]["port"]["network_id"] == vlan
    assert documents[f"address_group/{office}"]["address_group"]["addresses"] == ["198.51.100.0/24"]
    (found,) = documents[f"port_forwardings/{address}"]["port_forwardings"]
    assert {key: found[key] for key in forwarding} == forwarding
    assert {
        f"network/{vlan}",
        f"subnet/{subnet}",
        f"network/{outside}",
        f"floatingip/{address}",
        f"qos_policy/{policy}",
        f"security_group/{group}",
    } <= documents.keys()
