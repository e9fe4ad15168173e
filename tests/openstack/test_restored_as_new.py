"""A restore as a new server gives back what was captured: the semantic difference of two records is empty but for a list."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from test_restore import ended, remove

from sdk.installation import eventually
from support.fidelity import difference, told_by
from support.full_stack import FullStack

Json = dict[str, Any]

_USER_DATA = base64.b64encode(b"#cloud-config\nruncmd: [true]\n").decode()
DOCUMENTED = {
    # The pair was the user's; the new server is the service's, and keeps the pair's name alone.
    "keypair",
}
"""Kinds of documents that a new server cannot have as the old one had them."""
LEAST = 80
"""Fields that are compared at least."""


def test_a_deleted_server_comes_back_as_it_was(stack: FullStack):
    with _key(stack) as key:
        server, parts = _server(stack, key)
        with stack.protected(server) as vault:
            backup = stack.back_up(vault, "before")
            _delete(stack, server, parts)
            _compare(stack, backup, lambda _mapping: {})


def test_a_server_comes_back_into_an_emptied_project(stack: FullStack):
    """Its network with the router's interface, its security groups and its key pair are gone too."""
    with _key(stack) as key:
        network, router = _network(stack)
        server, parts = _server(stack, key, network)
        with stack.protected(server) as vault:
            backup = stack.back_up(vault, "before")
            _delete(stack, server, parts)
            _delete_network(stack, network, router)
            for group in parts["groups"]:
                answer = stack.tenant.call("DELETE", "network", f"/v2.0/security-groups/{group}")
                assert answer.status_code == 204, answer.text
            stack.cloud_objects.forget(network, *parts["groups"])
            stack.tenant.call("DELETE", "compute", f"/os-keypairs/{key}")
            groups = [{"security_group_id": one, "target": "new"} for one in parts["groups"]]

            def new(mapping: Json) -> Json:
                return {
                    "ports": [{**one, "network": "new"} for one in mapping["ports"]],
                    "security_groups": groups,
                }

            made: list[str] = []
            try:
                _compare(stack, backup, new, made)
            finally:
                for id_ in made:
                    _delete_network(stack, id_, router)
                names = {f"{stack.cloud_objects.prefix}-{name}" for name in ("web", "ops")}
                for group in stack.tenant.get("network", "/v2.0/security-groups")["security_groups"]:
                    if group["name"] in names:
                        stack.tenant.call("DELETE", "network", f"/v2.0/security-groups/{group['id']}")


def _compare(
    stack: FullStack, backup: Json, choose: Callable[[Json], Json], networks: list[str] | None = None
) -> None:
    """Restore a backup as a new server, back that up, and compare the two records; the new server is gone afterwards."""
    before = told_by(stack.admin.get(f"backups/{backup['id']}/record"))
    made = _restored(stack, backup["id"], choose)
    tenant = stack.tenant
    ports = tenant.get("network", f"/v2.0/ports?device_id={made}")["ports"]
    if networks is not None:
        networks += {port["network_id"] for port in ports}
    try:
        with stack.protected(made) as other:
            again = stack.back_up(other, "after")
            after = told_by(stack.admin.get(f"backups/{again['id']}/record"))
    finally:
        rows = tenant.get("compute", f"/servers/{made}/os-volume_attachments")["volumeAttachments"]
        _delete(stack, made, {"volumes": [r["volumeId"] for r in rows], "ports": [p["id"] for p in ports]})
    others = {
        k: both for k, both in difference(before, after).items() if k[0].partition("/")[0] not in DOCUMENTED
    }
    assert others == {}
    print(f"{len(before)} fields compared")
    assert len(before) >= LEAST


@contextmanager
def _key(stack: FullStack) -> Iterator[str]:
    """A key pair of the tenant's user."""
    name = f"{stack.cloud_objects.prefix}-key"
    body = {"keypair": {"name": name, "public_key": _public_key()}}
    answer = stack.tenant.call("POST", "compute", "/os-keypairs", body)
    assert answer.status_code in {200, 201}, answer.text
    try:
        yield name
    finally:
        stack.tenant.call("DELETE", "compute", f"/os-keypairs/{name}")


def _network(stack: FullStack) -> tuple[str, str]:
    """A network with a subnet in which a router of the tenant's stands; network and router."""
    objects, tenant = stack.cloud_objects, stack.tenant
    network = objects.of_neutron("network", "networks", name=f"{objects.prefix}-net", description="of a test")
    subnet = objects.of_neutron(
        "subnet",
        "subnets",
        name=f"{objects.prefix}-v4",
        network_id=network,
        ip_version=4,
        cidr="10.43.0.0/24",
        dns_nameservers=["192.0.2.53"],
    )
    routers = tenant.get("network", f"/v2.0/routers?project_id={tenant.project_id}")["routers"]
    router = str(next(one["id"] for one in routers if one["external_gateway_info"]))
    gateway = tenant.get("network", f"/v2.0/subnets/{subnet}")["subnet"]["gateway_ip"]
    fixed = [{"subnet_id": subnet, "ip_address": gateway}]
    fields = {
        "network_id": network,
        "fixed_ips": fixed,
        "security_groups": [],
        "port_security_enabled": False,
    }
    port = tenant.call("POST", "network", "/v2.0/ports", {"port": fields}).json()["port"]["id"]
    path = f"/v2.0/routers/{router}/add_router_interface"
    answer = tenant.call("PUT", "network", path, {"port_id": port})
    assert answer.status_code == 200, answer.text
    objects.forget(subnet)
    return network, router


def _delete_network(stack: FullStack, network: str, router: str) -> None:
    tenant = stack.tenant
    query = f"network_id={network}&device_id={router}"
    for port in tenant.get("network", f"/v2.0/ports?{query}")["ports"]:
        path = f"/v2.0/routers/{router}/remove_router_interface"
        answer = tenant.call("PUT", "network", path, {"port_id": port["id"]})
        assert answer.status_code == 200, answer.text
    answer = tenant.call("DELETE", "network", f"/v2.0/networks/{network}")
    assert answer.status_code in {204, 404}, answer.text


def _public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " test"


def _server(stack: FullStack, key: str, network: str | None = None) -> tuple[str, dict[str, list[str]]]:
    """A server with three ports, a floating IP, three disks, and all that can be said of it."""
    objects, tenant = stack.cloud_objects, stack.tenant
    group = objects.of_neutron(
        "security_group", "security-groups", name=f"{objects.prefix}-web", description="of a test"
    )
    other = objects.of_neutron("security_group", "security-groups", name=f"{objects.prefix}-ops")
    objects.of_neutron(
        "security_group_rule",
        "security-group-rules",
        security_group_id=group,
        direction="ingress",
        protocol="tcp",
        port_range_min=443,
        port_range_max=443,
        remote_group_id=other,
    )
    on = {"network_id": network} if network else {}
    ports = [
        objects.port(
            "front",
            **on,
            security_groups=[group, other],
            allowed_address_pairs=[{"ip_address": "198.51.100.7"}],
            description="the front",
        ),
        objects.port("open", **on, security_groups=[], port_security_enabled=False),
        objects.port("plain", **on),
    ]
    external = tenant.get("network", "/v2.0/networks?router:external=true")["networks"][0]["id"]
    floating = objects.of_neutron(
        "floatingip",
        "floatingips",
        floating_network_id=external,
        port_id=ports[0],
        description=f"{objects.prefix}-address",
    )
    volumes = [
        objects.volume("root", bootable=True, description="of a test"),
        objects.volume("data", metadata={"purpose": "data"}),
        objects.volume("archive"),
    ]
    server = objects.server(
        "fidelity",
        volumes=volumes,
        ports=ports,
        key_name=key,
        metadata={"role": "database", "tier": "gold"},
        tags=["nightly", "postgres"],
        description="a server of a test",
        user_data=_USER_DATA,
    )
    assert floating
    return server, {"volumes": volumes, "ports": ports, "groups": [group, other]}


def _delete(stack: FullStack, server: str, parts: dict[str, list[str]]) -> None:
    tenant = stack.tenant
    answer = tenant.call("DELETE", "compute", f"/servers/{server}")
    assert answer.status_code in {204, 404}, answer.text
    eventually(
        lambda: tenant.call("GET", "compute", f"/servers/{server}").status_code == 404, "it is gone", 240
    )
    for volume in parts["volumes"]:
        tenant.states(f"/volumes/{volume}", "volume", {"available", 404})
        remove(stack, f"/volumes/{volume}", "volume")
    for port in parts["ports"]:
        answer = tenant.call("DELETE", "network", f"/v2.0/ports/{port}")
        assert answer.status_code in {204, 404}, answer.text
    stack.cloud_objects.forget(server, *parts["volumes"], *parts["ports"])


def _restored(stack: FullStack, backup_id: str, choose: Callable[[Json], Json]) -> str:
    """Restore a backup as a new server by a plan, with all as it was but for what is chosen; its id."""
    first = _planned(stack, backup_id, {})
    mapping = first["mapping"]
    ports = [{**port, "network": "keep"} for port in mapping["ports"]]
    plan = _planned(stack, backup_id, {**mapping, "ports": ports, "user_data": "run", **choose(mapping)})
    assert plan["status"] == "ready", (plan["problems"], plan["choices"])
    assert plan["counts"]["unhandled"] == 0, [r for r in plan["rows"] if r["fate"] == "unhandled"]
    answer = stack.member.call("POST", f"restore-plans/{plan['id']}/restore")
    assert answer.status_code == 202, answer.text
    log = ended(stack, answer.json()["job_id"])
    assert (log["status"], log["error_info"]["message"]) == ("success", "")
    return str(log["extra_info"]["restore"]["target_resource_id"])


def _planned(stack: FullStack, backup_id: str, mapping: Json) -> Json:
    body = {"restore_plan": {"as": "new_server", "mapping": mapping}}
    answer = stack.member.call("POST", f"backups/{backup_id}/restore-plans", body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["restore_plan"]
    return found
