"""What a restore as a new server asks for, on both clouds: ports with all that they had, tags, routers, names, quotas."""

from typing import Any

from .made import NAME, Made
from .target import MISSING, Target
from .test_network_extensions import network

Json = dict[str, Any]
MAC = "fa:16:3e:0c:bd:01"


def put(target: Target, path: str, body: Json, status: int = 200) -> Json:
    answer = target.member.call("PUT", "network", path, body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def test_a_port_gets_the_subnet_address_and_mac_that_it_asks_for(target: Target, made: Made):
    net, subnet = network(made)
    fixed = {"subnet_id": subnet["id"], "ip_address": "10.42.0.77"}
    pairs = [{"ip_address": "198.51.100.7"}]
    port = made(
        "port",
        "/v2.0/ports",
        name=NAME,
        network_id=net["id"],
        fixed_ips=[fixed],
        mac_address=MAC,
        allowed_address_pairs=pairs,
    )
    assert (port["fixed_ips"], port["mac_address"]) == ([fixed], MAC)
    for again in ({"fixed_ips": [fixed]}, {"mac_address": MAC}):
        answer = target.member.call(
            "POST", "network", "/v2.0/ports", {"port": {"network_id": net["id"], **again}}
        )
        assert answer.status_code == 409, answer.text
    gone = {"network_id": net["id"], "fixed_ips": [{"subnet_id": MISSING}]}
    assert target.member.call("POST", "network", "/v2.0/ports", {"port": gone}).status_code in (400, 404)


def test_a_port_without_port_security_has_no_groups(target: Target, made: Made):
    net, _ = network(made)
    fields = {"network_id": net["id"], "security_groups": [], "port_security_enabled": False}
    port = made("port", "/v2.0/ports", name=NAME, **fields)
    assert (port["security_groups"], port["port_security_enabled"]) == ([], False)
    plain = made("port", "/v2.0/ports", name=NAME, network_id=net["id"], security_groups=[])
    assert (plain["security_groups"], plain["port_security_enabled"]) == ([], True)


def test_tags_are_replaced_and_names_changed(target: Target, made: Made):
    net, subnet = network(made)
    port = made("port", "/v2.0/ports", name=NAME, network_id=net["id"])
    group = made("security_group", "/v2.0/security-groups", name=NAME)
    trunk = made("trunk", "/v2.0/trunks", name=NAME, port_id=port["id"])
    things = {
        "networks": ("network", net),
        "subnets": ("subnet", subnet),
        "ports": ("port", port),
        "security-groups": ("security_group", group),
        "trunks": ("trunk", trunk),
    }
    for collection, (kind, thing) in things.items():
        path = f"/v2.0/{collection}/{thing['id']}"
        put(target, f"{path}/tags", {"tags": ["b", "a"]})
        assert put(target, path, {kind: {"name": f"{NAME}-other"}})[kind]["name"] == f"{NAME}-other"
        found = target.member.get("network", path)[kind]
        assert (found["name"], sorted(found["tags"])) == (f"{NAME}-other", ["a", "b"])


def test_a_router_stands_in_a_subnet_by_a_port_and_its_port_goes_by_way_of_it(target: Target, made: Made):
    routers = target.member.get("network", f"/v2.0/routers?project_id={target.member.project_id}")["routers"]
    net, subnet = network(made)
    gateway = {"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}
    fields = {
        "network_id": net["id"],
        "fixed_ips": [gateway],
        "security_groups": [],
        "port_security_enabled": False,
    }
    answer = target.member.call("POST", "network", "/v2.0/ports", {"port": fields})
    assert answer.status_code == 201, answer.text
    port = answer.json()["port"]["id"]
    path = f"/v2.0/routers/{routers[0]['id']}"
    assert put(target, f"{path}/add_router_interface", {"port_id": port})["subnet_ids"] == [subnet["id"]]
    seen = target.member.get("network", f"/v2.0/ports/{port}")["port"]
    assert (seen["device_id"], seen["device_owner"]) == (routers[0]["id"], "network:router_interface")
    assert target.member.call("DELETE", "network", f"/v2.0/ports/{port}").status_code == 409
    put(target, f"{path}/remove_router_interface", {"port_id": port})
    assert target.member.call("GET", "network", f"/v2.0/ports/{port}").status_code == 404


def test_a_router_is_made_with_a_gateway_and_keeps_the_subnets_that_its_routes_lead_through(
    target: Target, made: Made
):
    public = target.member.get("network", "/v2.0/networks?router:external=true")["networks"][0]["id"]
    net, subnet = network(made)
    router = made("router", "/v2.0/routers", name=NAME, external_gateway_info={"network_id": public})
    assert router["external_gateway_info"]["network_id"] == public
    path = f"/v2.0/routers/{router['id']}"
    put(target, f"{path}/add_router_interface", {"subnet_id": subnet["id"]})
    query = f"device_id={router['id']}&network_id={net['id']}"
    (port,) = target.member.get("network", f"/v2.0/ports?{query}")["ports"]
    assert [fixed["ip_address"] for fixed in port["fixed_ips"]] == [subnet["gateway_ip"]]
    for nexthop, status in (("198.51.100.1", 400), (subnet["gateway_ip"][:-1] + "9", 200)):
        routes = [{"destination": "192.0.2.0/24", "nexthop": nexthop}]
        put(target, path, {"router": {"routes": routes}}, status)
    put(target, f"{path}/remove_router_interface", {"port_id": port["id"]}, 409)
    assert target.member.call("DELETE", "network", path).status_code == 409
    put(target, path, {"router": {"routes": []}})
    put(target, f"{path}/remove_router_interface", {"port_id": port["id"]})
    no_snat = {"network_id": public, "enable_snat": False}
    body = {"router": {"name": NAME, "external_gateway_info": no_snat}}
    assert target.member.call("POST", "network", "/v2.0/routers", body).status_code == 403


def test_a_floating_ip_that_forwards_leads_nowhere_and_a_forwarding_goes_with_its_port(
    target: Target, made: Made
):
    public = target.member.get("network", "/v2.0/networks?router:external=true")["networks"][0]["id"]
    _, subnet = network(made)
    router = made("router", "/v2.0/routers", name=NAME, external_gateway_info={"network_id": public})
    where = f"/v2.0/routers/{router['id']}"
    put(target, f"{where}/add_router_interface", {"subnet_id": subnet["id"]})
    floating = made("floatingip", "/v2.0/floatingips", floating_network_id=public, description=NAME)
    wanted = {"name": NAME, "network_id": subnet["network_id"]}
    port = target.member.call("POST", "network", "/v2.0/ports", {"port": wanted}).json()["port"]
    to = {"internal_port_id": port["id"], "internal_ip_address": port["fixed_ips"][0]["ip_address"]}
    fields = {"protocol": "tcp", "external_port": 2222, "internal_port": 22, **to}
    path = f"/v2.0/floatingips/{floating['id']}"
    forward = f"{path}/port_forwardings"
    for status in (201, 400):
        answer = target.member.call("POST", "network", forward, {"port_forwarding": fields})
        assert answer.status_code == status, answer.text
    put(target, path, {"floatingip": {"port_id": port["id"]}}, 409)
    assert target.member.call("DELETE", "network", f"/v2.0/ports/{port['id']}").status_code == 204
    assert target.member.get("network", forward)["port_forwardings"] == []
    assert target.member.get("network", path)["floatingip"]["router_id"] is None
    query = f"device_id={router['id']}&network_id={subnet['network_id']}"
    (plugged,) = target.member.get("network", f"/v2.0/ports?{query}")["ports"]
    put(target, f"{where}/remove_router_interface", {"port_id": plugged["id"]})


def test_a_rule_that_is_there_is_refused(target: Target, made: Made):
    group = made("security_group", "/v2.0/security-groups", name=NAME)
    rule = {"security_group_id": group["id"], "direction": "ingress", "protocol": "tcp"}
    rule |= {"port_range_min": 1, "port_range_max": 9}
    answers = [
        target.member.call("POST", "network", "/v2.0/security-group-rules", {"security_group_rule": rule})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 409]


def test_quotas_are_told_with_what_is_used(target: Target):
    path = f"/v2.0/quotas/{target.member.project_id}/details.json"
    quota = target.member.get("network", path)["quota"]
    for name in ("network", "subnet", "port", "security_group", "security_group_rule", "floatingip"):
        assert {"limit", "used", "reserved"} <= quota[name].keys()
        assert all(isinstance(number, int) for number in quota[name].values())


def test_cinder_tells_its_zones_and_makes_a_volume_in_one(target: Target, made: Made):
    zones = target.member.get("volumev3", "/os-availability-zone")["availabilityZoneInfo"]
    names = [zone["zoneName"] for zone in zones if zone["zoneState"]["available"]]
    volume = made("volume", "/volumes", service="volumev3", name=NAME, size=1, availability_zone=names[0])
    assert volume["availability_zone"] == names[0]
    target.member.states(f"/volumes/{volume['id']}", "volume", {"available"})
    body = {"volume": {"name": NAME, "size": 1, "availability_zone": "mars"}}
    answer = target.member.call("POST", "volumev3", "/volumes", body)
    assert answer.status_code == 400, answer.text
    assert "Availability zone 'mars' is invalid" in answer.text


def test_nova_makes_no_server_in_a_zone_that_it_has_not(target: Target):
    zones = target.member.get("compute", "/os-availability-zone")["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in zones if zone["zoneState"]["available"]]
    flavor = target.member.get("compute", "/flavors")["flavors"][0]["id"]
    image = target.member.get("image", "/v2/images")["images"][0]["id"]
    wanted = {"name": NAME, "flavorRef": flavor, "imageRef": image, "networks": "none"}
    body = {"server": {**wanted, "availability_zone": "mars"}}
    answer = target.member.call("POST", "compute", "/servers", body, mv="2.37")
    assert answer.status_code == 400, answer.text
    assert "The requested availability zone is not available" in answer.text


def test_a_volume_takes_what_was_known_of_its_image(target: Target, made: Made):
    volume = made("volume", "/volumes", service="volumev3", name=NAME, size=1)
    target.member.states(f"/volumes/{volume['id']}", "volume", {"available"})
    body = {"os-set_image_metadata": {"metadata": {"hw_disk_bus": "scsi", "image_name": "old"}}}
    answer = target.member.call("POST", "volumev3", f"/volumes/{volume['id']}/action", body)
    assert answer.status_code == 200, answer.text
    seen = target.member.get("volumev3", f"/volumes/{volume['id']}")["volume"]
    assert seen["volume_image_metadata"]["hw_disk_bus"] == "scsi"
