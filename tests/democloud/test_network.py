"""Neutron: what is refused, ports with wanted addresses, and whose things are seen."""

import pytest

from .rigs import MISSING, Rig


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("ports", "PortNotFound", "Port {} could not be found."),
        ("networks", "NetworkNotFound", "Network {} could not be found."),
        ("subnets", "SubnetNotFound", "Subnet {} could not be found."),
        ("routers", "RouterNotFound", "Router {} could not be found"),
        ("floatingips", "FloatingIPNotFound", "Floating IP {} could not be found"),
        ("security-groups", "SecurityGroupNotFound", "Security group {} does not exist"),
    ],
)
def test_unknown_things(rig: Rig, path: str, kind: str, message: str) -> None:
    answer = rig.member.call("GET", "network", f"/v2.0/{path}/{MISSING}")
    error = {"type": kind, "message": message.format(MISSING), "detail": ""}
    assert (answer.status_code, answer.json()) == (404, {"NeutronError": error})


def test_ports_of_another_project_are_not_there(rig: Rig) -> None:
    port = rig.member.get("network", f"/v2.0/ports?device_id={rig.server('db1')}")["ports"][0]
    assert rig.other.call("GET", "network", f"/v2.0/ports/{port['id']}").status_code == 404
    assert rig.other.get("network", f"/v2.0/ports?device_id={rig.server('db1')}") == {"ports": []}
    assert (
        rig.admin.get("network", f"/v2.0/ports/{port['id']}")["port"]["project_id"] == rig.member.project_id
    )


def test_a_port_with_wanted_mac_and_address(rig: Rig) -> None:
    taken = rig.member.get("network", f"/v2.0/ports?device_id={rig.server('db1')}")["ports"][0]
    wanted = taken["fixed_ips"][0]["ip_address"].rsplit(".", 1)[0] + ".201"
    body = {"network_id": taken["network_id"], "name": "conformance", "mac_address": "fa:16:3e:00:aa:01"}
    body["fixed_ips"] = [{"ip_address": wanted}]
    made = rig.member.call("POST", "network", "/v2.0/ports", {"port": body})
    assert made.status_code == 201, made.text
    port = made.json()["port"]
    try:
        assert (port["mac_address"], port["fixed_ips"][0]["ip_address"]) == ("fa:16:3e:00:aa:01", wanted)
        assert (port["status"], port["device_id"]) == ("DOWN", "")
        again = rig.member.call("POST", "network", "/v2.0/ports", {"port": body})
        assert again.status_code == 409
        del body["mac_address"]
        again = rig.member.call("POST", "network", "/v2.0/ports", {"port": body})
        assert (again.status_code, again.json()["NeutronError"]["type"]) == (409, "IpAddressAlreadyAllocated")
        new = rig.member.call("PUT", "network", f"/v2.0/ports/{port['id']}", {"port": {"name": "renamed"}})
        assert new.json()["port"]["name"] == "renamed"
        assert new.json()["port"]["revision_number"] > port["revision_number"]
    finally:
        assert rig.member.call("DELETE", "network", f"/v2.0/ports/{port['id']}").status_code == 204


def test_a_router_is_found_by_its_interface(rig: Rig) -> None:
    port = rig.member.get("network", f"/v2.0/ports?device_id={rig.server('db1')}")["ports"][0]
    query = f"network_id={port['network_id']}&device_owner=network:router_interface&fields=device_id"
    rows = rig.member.get("network", f"/v2.0/ports?{query}")["ports"]
    assert [list(row) for row in rows] == [["device_id"]]
    assert rig.member.get("network", f"/v2.0/routers/{rows[0]['device_id']}")["router"]["status"] == "ACTIVE"
