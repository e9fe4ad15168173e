"""A restore as a new server gives back what was captured: the semantic difference of two records is empty but for a list."""

import base64
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
    objects, tenant = stack.cloud_objects, stack.tenant
    key = f"{objects.prefix}-key"
    answer = tenant.call(
        "POST", "compute", "/os-keypairs", {"keypair": {"name": key, "public_key": _public_key()}}
    )
    assert answer.status_code in {200, 201}, answer.text
    try:
        server, parts = _server(stack, key)
        with stack.protected(server) as vault:
            backup = stack.back_up(vault, "before")
            before = told_by(stack.admin.get(f"backups/{backup['id']}/record"))
            _delete(stack, server, parts)
            made = _restored(stack, backup["id"])
            try:
                with stack.protected(made) as other:
                    again = stack.back_up(other, "after")
                    after = told_by(stack.admin.get(f"backups/{again['id']}/record"))
            finally:
                ports = tenant.get("network", f"/v2.0/ports?device_id={made}")["ports"]
                rows = tenant.get("compute", f"/servers/{made}/os-volume_attachments")["volumeAttachments"]
                _delete(
                    stack, made, {"volumes": [r["volumeId"] for r in rows], "ports": [p["id"] for p in ports]}
                )
        others = {
            k: both
            for k, both in difference(before, after).items()
            if k[0].partition("/")[0] not in DOCUMENTED
        }
        assert others == {}
        print(f"{len(before)} fields compared")
        assert len(before) >= LEAST
    finally:
        tenant.call("DELETE", "compute", f"/os-keypairs/{key}")


def _public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " test"


def _server(stack: FullStack, key: str) -> tuple[str, dict[str, list[str]]]:
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
    ports = [
        objects.port(
            "front",
            security_groups=[group, other],
            allowed_address_pairs=[{"ip_address": "198.51.100.7"}],
            description="the front",
        ),
        objects.port("open", security_groups=[], port_security_enabled=False),
        objects.port("plain"),
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
    return server, {"volumes": volumes, "ports": ports}


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


def _restored(stack: FullStack, backup_id: str) -> str:
    """Restore a backup as a new server by a plan, with all as it was; its id."""
    first = _planned(stack, backup_id, {})
    mapping = first["mapping"]
    ports = [{**port, "network": "keep"} for port in mapping["ports"]]
    plan = _planned(stack, backup_id, {**mapping, "ports": ports, "user_data": "run"})
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
