"""A restore into another project, as somebody asks for it who is a member of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from disk_bytes import digest
from restoring import in_order_of_devices, planned

from support.full_stack import FullStack

Json = dict[str, Any]


def planned_elsewhere(stack: FullStack, backup_id: str) -> Json:
    """Plan a server in the other project."""
    first = planned(stack, backup_id, {"project_id": stack.other.project_id})
    return planned(stack, backup_id, chosen(first))


def chosen(plan: Json) -> Json:
    """The mapping with the choices that are left: networks and groups are made again."""
    mapping: Json = plan["mapping"]
    members = [choice["member"].partition(".") for choice in plan["choices"]]
    groups = [
        {"security_group_id": key, "target": "new"} for what, _, key in members if what == "security_groups"
    ]
    ports = [{**port, "network": "new"} for port in mapping["ports"]]
    return {**mapping, "ports": ports, "security_groups": mapping["security_groups"] + groups}


@contextmanager
def member_of_both(stack: FullStack) -> Iterator[None]:
    """Let the tenant's user have its role in the other project too."""
    admin = stack.admin.user
    (role,) = admin.get("identity", "/roles?name=member")["roles"]
    path = f"/projects/{stack.other.project_id}/users/{stack.tenant.user_id}/roles/{role['id']}"
    assert admin.call("PUT", "identity", path).status_code == 204
    try:
        yield
    finally:
        assert admin.call("DELETE", "identity", path).status_code == 204


def digests_there(stack: FullStack, server: str) -> list[str]:
    """Say the SHA-256 of the disks of a server of the other project, by their devices; it is deleted for that."""
    other, found = stack.other, []
    volumes = in_order_of_devices(other, server)
    assert other.call("DELETE", "compute", f"/servers/{server}").status_code == 204
    for volume in volumes:
        other.states(f"/volumes/{volume}", "volume", {"available"})
        found.append(digest(stack, volume, 1, other))
    return found
