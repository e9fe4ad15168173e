"""Neutron: what is refused, ports with wanted addresses, and whose resources are seen."""

import pytest

from .target import MISSING, Target


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("ports", "PortNotFound", "Port {} could not be found."),
        ("networks", "NetworkNotFound", "Network {} could not be found."),
        ("subnets", "SubnetNotFound", "Subnet {} could not be found."),
        ("routers", "RouterNotFound", "Router {} could not be found"),
        ("floatingips", "FloatingIPNotFound", "Floating IP {} could not be found"),
        ("security-groups", "SecurityGroupNotFound", "Security group {} does not exist"),
        ("trunks", "TrunkNotFound", "Trunk {} could not be found."),
        ("qos/policies", "QosPolicyNotFound", "QoS policy {} could not be found."),
        ("address-groups", "AddressGroupNotFound", "Address group {} could not be found."),
    ],
)
def test_unknown_things(target: Target, path: str, kind: str, message: str) -> None:
    answer = target.member.call("GET", "network", f"/v2.0/{path}/{MISSING}")
    error = {"type": kind, "message": message.format(MISSING), "detail": ""}
    assert (answer.status_code, answer.json()) == (404, {"NeutronError": error})


def test_ports_of_another_project_are_not_there(target: Target) -> None:
    port = target.member.get("network", f"/v2.0/ports?device_id={target.server('db1')}")["ports"][0]
    assert target.other.call("GET", "network", f"/v2.0/ports/{port['id']}").status_code == 404
    assert target.other.get("network", f"/v2.0/ports?device_id={target.server('db1')}") == {"ports": []}
    assert (
        target.admin.get("network", f"/v2.0/ports/{port['id']}")["port"]["project_id"]
        == target.member.project_id
    )


def test_a_port_with_wanted_mac_and_address(target: Target) -> None:
    taken = target.member.get("network", f"/v2.0/ports?device_id={target.server('db1')}")["ports"][0]
    wanted = taken["fixed_ips"][0]["ip_address"].rsplit(".", 1)[0] + ".201"
    body = {
        "network_id": taken["network_id"],
        "name": "opencbr-test-conformance",
        "mac_address": "fa:16:3e:00:aa:01",
    }
    body["fixed_ips"] = [{"ip_address": wanted}]
    made = target.member.call("POST", "network", "/v2.0/ports", {"port": body})
    assert made.status_code == 201, made.text
    port = made.json()["port"]
    try:
        assert (port["mac_address"], port["fixed_ips"][0]["ip_address"]) == ("fa:16:3e:00:aa:01", wanted)
        assert (port["status"], port["device_id"]) == ("DOWN", "")
        again = target.member.call("POST", "network", "/v2.0/ports", {"port": body})
        assert again.status_code == 409
        del body["mac_address"]
        again = target.member.call("POST", "network", "/v2.0/ports", {"port": body})
        assert (again.status_code, again.json()["NeutronError"]["type"]) == (409, "IpAddressAlreadyAllocated")
        new = target.member.call("PUT", "network", f"/v2.0/ports/{port['id']}", {"port": {"name": "renamed"}})
        assert new.json()["port"]["name"] == "renamed"
        assert new.json()["port"]["revision_number"] > port["revision_number"]
    finally:
        assert target.member.call("DELETE", "network", f"/v2.0/ports/{port['id']}").status_code == 204


def test_a_router_is_found_by_its_interface(target: Target) -> None:
    port = target.member.get("network", f"/v2.0/ports?device_id={target.server('db1')}")["ports"][0]
    query = f"network_id={port['network_id']}&device_owner=network:router_interface&fields=device_id"
    rows = target.member.get("network", f"/v2.0/ports?{query}")["ports"]
    assert [list(row) for row in rows] == [["device_id"]]
    assert (
        target.member.get("network", f"/v2.0/routers/{rows[0]['device_id']}")["router"]["status"] == "ACTIVE"
    )
