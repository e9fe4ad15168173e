"""What an interrupted run left in the test project is taken away before the next one begins.

Tests name what they make `opencbr-test-…`, and so the service names its snapshots and backups `opencbr-…`. Left behind,
these use up the project's quotas and stand in lists that a test reads. Nothing else
is touched; two runs at once in one project are not supported.
"""

import re
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import ConflictException, NotFoundException

OWN_NAME = re.compile(r"opencbr-")
OWN_USER = r"opencbr(-test-(admin|member|other))?-{}-[0-9a-f]{{8}}"
"""Users and projects that `prepare.py --own` makes for one run in the project `{}`; those of other names are kept."""
_SECONDS = 900


def clear_project(tenant: Connection) -> list[str]:
    """Delete the servers, backups, snapshots, volumes, ports and networks of earlier runs; what each was called."""
    gone: list[str] = []
    compute, storage, network = tenant.compute, tenant.block_storage, tenant.network
    for server in _own(compute.servers()):
        compute.unlock_server(server)  # a restore in place locks it; Nova deletes no locked one
    gone += _clear(compute.servers, compute.delete_server)
    newest_first = lambda: sorted(storage.backups(), key=lambda backup: backup.created_at, reverse=True)  # noqa: E731
    gone += _clear(newest_first, storage.delete_backup)
    gone += _clear(storage.snapshots, storage.delete_snapshot)
    gone += _clear(storage.volumes, storage.delete_volume)
    gone += _clear(compute.server_groups, compute.delete_server_group)
    own = {"project_id": tenant.current_project_id}
    for address in network.ips(**own):
        if OWN_NAME.match(address.description or ""):
            for row in address.port_forwardings or ():
                network.delete_floating_ip_port_forwarding(address.id, row["id"])
            network.delete_ip(address)
    for router in _own(network.routers(**own)):
        network.update_router(router.id, routes=[])
    for router_id, port in _interfaces(network, own):
        network.remove_interface_from_router(router_id, port=port)
    for found, delete in (
        (network.trunks, network.delete_trunk),
        (network.ports, network.delete_port),
        (network.routers, network.delete_router),
        (network.networks, network.delete_network),
        (network.security_groups, network.delete_security_group),
        (network.address_groups, network.delete_address_group),
    ):
        gone += _clear(partial(_or_none, found, own), delete)
    return gone


def _interfaces(network: Any, own: dict[str, str]) -> list[tuple[str, str]]:
    """List the ports by which routers stand in the networks that a test made, each with its router."""
    return [
        (port.device_id, port.id)
        for made in _own(network.networks(**own))
        for port in network.ports(network_id=made.id)
        if port.device_owner.startswith("network:router_interface")
    ]


def _or_none(found: Any, own: dict[str, str]) -> list[Any]:
    try:
        return list(found(**own))
    except NotFoundException:  # a Neutron without this extension
        return []


def clear_identity(admin: Connection, short: str) -> list[str]:
    """Delete the users and projects of earlier runs in the project of that short id, and their networks; their names."""
    identity, network, own = admin.identity, admin.network, re.compile(OWN_USER.format(short))
    users, projects = (
        [one for one in found() if own.fullmatch(one.name)] for found in (identity.users, identity.projects)
    )
    for project in projects:
        for found, delete in (
            (network.ports, network.delete_port),
            (network.networks, network.delete_network),
        ):
            for row in list(found(project_id=project.id)):
                delete(row)
        identity.delete_project(project)
    for user in users:
        identity.delete_user(user)
    return [one.name for one in (*users, *projects)]


def clear_given(admin: Connection, project_id: str) -> list[str]:
    """Delete what earlier runs had made for this project alone: flavors, volume types, QoS policies; their names."""
    compute, storage, network, only = admin.compute, admin.block_storage, admin.network, [project_id]
    given = [
        (one, compute.delete_flavor)
        for one in _own(compute.flavors(is_public=None))
        if not one.is_public and [row["tenant_id"] for row in compute.get_flavor_access(one)] == only
    ]
    given += [
        (one, storage.delete_type)
        for one in _own(storage.types(is_public="None"))
        if not one.is_public and [row["project_id"] for row in storage.get_type_access(one)] == only
    ]
    policies = _or_none(network.qos_policies, {"project_id": project_id})
    given += [(one, network.delete_qos_policy) for one in _own(policies)]
    for one, delete in given:
        delete(one)
    return [one.name for one, _ in given]


def _clear(found: Any, delete: Any) -> list[str]:
    """Delete what `found` lists under a name of ours, and wait until it lists none."""
    names: list[str] = []
    end = time.monotonic() + _SECONDS
    while rows := _own(found()):
        names = names or [row.name for row in rows]
        for row in rows:
            try:
                delete(row.id)
            except (ConflictException, NotFoundException):
                continue  # something that stands on it is still on its way out, or it just went
            except Exception as error:
                if getattr(error, "status_code", None) != 400:  # Cinder's word for "not in this status"
                    raise
        assert time.monotonic() < end, f"still there: {[row.name for row in rows]}"
        time.sleep(0.5)
    return names


def _own(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if OWN_NAME.match(row.name or "")]
