"""What Neutron's extensions add: the same bodies on both clouds, and who sees what another project shares."""

from typing import Any

from .made import NAME, Made
from .shapes import differences, sample
from .target import MISSING, Target

Json = dict[str, Any]


def like(found: Any, name: str) -> None:
    assert differences(found, sample(name)) == []


def network(made: Made, **fields: object) -> tuple[Json, Json]:
    """Make a network with a subnet."""
    net = made("network", "/v2.0/networks", name=NAME, **fields)
    row = {"network_id": net["id"], "ip_version": 4, "cidr": "10.42.0.0/24", "name": NAME}
    return net, made("subnet", "/v2.0/subnets", **row)


def test_a_trunk_and_what_its_parent_says_of_it(target: Target, made: Made):
    net, _ = network(made)
    parent, child = (made("port", "/v2.0/ports", name=NAME, network_id=net["id"]) for _ in range(2))
    row = {"port_id": child["id"], "segmentation_id": 42, "segmentation_type": "vlan"}
    trunk = made("trunk", "/v2.0/trunks", name=NAME, port_id=parent["id"], sub_ports=[row])
    like(target.member.get("network", f"/v2.0/trunks/{trunk['id']}"), "trunk")
    like(target.member.get("network", f"/v2.0/ports/{parent['id']}"), "port-trunk")
    like(target.admin.get("network", f"/v2.0/ports/{parent['id']}"), "port-trunk-admin")
    like(target.admin.get("network", f"/v2.0/ports/{child['id']}"), "admin-port-subport")
    (listed,) = target.admin.get("network", f"/v2.0/ports?id={parent['id']}")["ports"]
    assert listed == target.admin.get("network", f"/v2.0/ports/{parent['id']}")["port"]
    assert target.other.call("GET", "network", f"/v2.0/trunks/{trunk['id']}").status_code == 404


def test_a_qos_policy(target: Target, made: Made):
    fields = {"name": NAME, "project_id": target.member.project_id}
    policy = made("policy", "/v2.0/qos/policies", by=target.admin, **fields)
    path = f"/v2.0/qos/policies/{policy['id']}"
    limit = {"max_kbps": 1000, "max_burst_kbps": 100}
    made("bandwidth_limit_rule", path + "/bandwidth_limit_rules", by=target.admin, **limit)
    like(target.member.get("network", path), "qos-policy")
    assert target.other.call("GET", "network", path).status_code == 404


def test_an_address_group_in_a_rule(target: Target, made: Made):
    group = made("address_group", "/v2.0/address-groups", name=NAME, addresses=["198.51.100.0/24"])
    like(target.member.get("network", f"/v2.0/address-groups/{group['id']}"), "address-group")
    security = made("security_group", "/v2.0/security-groups", name=NAME)
    rule = {"security_group_id": security["id"], "direction": "ingress", "ethertype": "IPv4"}
    named = made(
        "security_group_rule", "/v2.0/security-group-rules", **rule, remote_address_group_id=group["id"]
    )
    assert named["remote_address_group_id"] == group["id"]
    like(target.member.get("network", f"/v2.0/security-groups/{security['id']}"), "security-group-remote")


def test_a_floating_ip_that_forwards(target: Target, made: Made):
    (port,) = target.member.get("network", f"/v2.0/ports?device_id={target.server('web1')}")["ports"]
    outside = target.member.get("network", "/v2.0/networks?router:external=True")["networks"][0]["id"]
    address = made("floatingip", "/v2.0/floatingips", floating_network_id=outside)
    path = f"/v2.0/floatingips/{address['id']}"
    inside = {"internal_port_id": port["id"], "internal_ip_address": port["fixed_ips"][0]["ip_address"]}
    made(
        "port_forwarding",
        path + "/port_forwardings",
        protocol="tcp",
        internal_port=22,
        external_port=2222,
        **inside,
    )
    like(target.member.get("network", path), "floatingip-forwarding")
    like(target.member.get("network", path + "/port_forwardings"), "port-forwardings")
    fields = "fields=id&fields=project_id&fields=port_forwardings"
    found = target.admin.get("network", f"/v2.0/floatingips?project_id={target.member.project_id}&{fields}")
    like(found, "admin-floatingips-fields")
    assert address["id"] in [row["id"] for row in found["floatingips"] if row["port_forwardings"]]


def test_a_network_shared_with_one_project_is_there_for_that_one_alone(target: Target, made: Made):
    net, subnet = network(made)
    paths = [f"/v2.0/networks/{net['id']}", f"/v2.0/subnets/{subnet['id']}"]
    assert [target.other.call("GET", "network", path).status_code for path in paths] == [404, 404]
    share = {"object_type": "network", "object_id": net["id"], "action": "access_as_shared"}
    policy = made("rbac_policy", "/v2.0/rbac-policies", **share, target_tenant=target.other.project_id)
    assert differences({"rbac_policy": policy}, sample("rbac-policy")) == []
    assert [target.other.call("GET", "network", path).status_code for path in paths] == [200, 200]
    like(target.other.get("network", paths[0]), "network-shared")
    told = [c.get("network", paths[0])["network"]["shared"] for c in (target.other, target.admin)]
    assert told == [True, False], "an administrator is not told whom it is shared with"


def test_how_a_volume_type_is_encrypted_and_shaped(target: Target, made: Made):
    kind = made("volume_type", "/types", by=target.admin, service="volumev3", name=NAME)
    path = f"/types/{kind['id']}"
    assert target.admin.get("volumev3", path + "/encryption") == {}
    how = {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256, "control_location": "front-end"}
    made("encryption", path + "/encryption", by=target.admin, service="volumev3", **how)
    like(target.admin.get("volumev3", path + "/encryption"), "admin-encryption")
    assert target.member.call("GET", "volumev3", path + "/encryption").status_code == 403
    like(target.admin.get("volumev3", path, mv="3.71"), "admin-volume-type-qos")
    missing = target.admin.call("GET", "volumev3", f"/qos-specs/{MISSING}")
    assert (missing.status_code, missing.json()["itemNotFound"]["message"]) == (
        404,
        f"No such QoS spec {MISSING}.",
    )
