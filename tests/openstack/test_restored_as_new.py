"""A restore as a new server gives back what was captured: the semantic difference of two records is empty but for a list."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

import pytest
from test_restore import ended

from support.cloud_objects import CloudObjects
from support.conflicts import CONFLICTS, READY, REAL, names, sentences
from support.fidelity import difference, told_by
from support.full_server import FullServer, FullServers
from support.full_stack import FullStack

Json = dict[str, Any]

DOCUMENTED = {"keypair"}
"""Kinds of documents that a new server cannot have as the old one had them (docs/api.md, restore plans): the pair was the
user's; the new server is the service's, and has the pair's name and key alone."""
LEAST = 400
"""Fields that are compared at least."""


@pytest.fixture(scope="module")
def servers(stack: FullStack) -> Iterator[FullServers]:
    made = FullServers(stack.tenant, stack.admin.user)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def lost(stack: FullStack, servers: FullServers) -> Iterator[tuple[FullServer, Json]]:
    """A server that is deleted with its disks and ports, and its backup."""
    full = servers.make()
    with stack.protected(full.id) as vault:
        backup = stack.back_up(vault, "before")
        servers.delete(full)
        yield full, backup


def test_a_deleted_server_comes_back_as_it_was(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    full, backup = lost
    made = _restored(stack, backup["id"], network="keep")
    try:
        _compare(stack, backup, made)
    finally:
        servers.delete(servers.like(made, full))


def test_what_stands_against_a_restore_is_named(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    """While the networks stand. Nothing is made of a plan that is refused."""
    full, backup = lost
    plans = Plans(stack, backup["id"], full)
    front, back = full.networks
    ports = {port["name"].rpartition("-")[2]: port for port in plans.captured}

    def taking(name: str, **what: Any) -> AbstractContextManager[str]:
        return _port(stack, network_id=ports[name]["network_id"], **what)

    fixed = {name: [{"ip_address": port["fixed_ips"][0]["ip_address"]}] for name, port in ports.items()}
    with taking("plain", fixed_ips=fixed["plain"]):
        plans.name("an address is taken")
    with taking("plain", mac_address=ports["plain"]["mac_address"]):
        plans.name("a MAC is in use")
    with taking("below", fixed_ips=fixed["below"]):
        plans.name("a subport's address is taken")
    # Addresses that the server has not had.
    free = [{"network_id": front, "fixed_ips": [{"ip_address": f"10.43.0.{n}"}]} for n in (200, 201)]
    with _port(stack, **free[0]) as one, _port(stack, **free[1]) as other:
        lead, forward = full.floating_ips
        servers.lead(lead, one)
        servers.forward(forward, other)
        plans.name(
            "a floating IP leads elsewhere", "a floating IP's port is forwarded elsewhere", floating_ips=[]
        )
    plans.name("a zone that Nova has not", availability_zone="mars")
    plans.name("a zone that Cinder has not", volume_availability_zone="mars")
    plans.name("another server group bears its name", server_group="new")
    plans.name("a router's place is taken", routers=[{"router_id": full.router, "target": "new"}])
    for service, name, conflict in (
        ("compute", "instances", "Nova's quota is short"),
        ("volumev3", "volumes", "Cinder's quota is short"),
        ("network", "port", "Neutron's quota is short"),
    ):
        with _quota(stack, service, name, 1 if service != "compute" else 0):
            plans.name(conflict)
    with _shared_network(stack) as theirs:

        def mapped(**how: str) -> list[Json]:
            to = {"network": "map", "network_id": theirs, "address": "new", "mac": "new", **how}
            is_open = ports["open"]["id"]
            return [port | to if port["port_id"] == is_open else port for port in plans.mapping["ports"]]

        without = [{**one, "address": "drop"} for one in plans.mapping["floating_ips"]]
        both = ("a MAC on another project's network", "an address on another project's network")
        plans.name(*both, ports=mapped(address="keep", mac="keep"), floating_ips=without)
        plans.name("port security on another project's network", ports=mapped(), floating_ips=without)
    rules = stack.tenant.get("network", f"/v2.0/security-groups/{full.groups[0]}")["security_group"]
    (pings,) = [one for one in rules["security_group_rules"] if one["protocol"] == "icmp"]
    stack.tenant.call("DELETE", "network", f"/v2.0/security-group-rules/{pings['id']}")
    servers.add_rule(full.groups[0], protocol="udp")
    plans.name("a security group has more rules", "a security group has fewer rules")
    (subnet,) = stack.tenant.get("network", f"/v2.0/subnets?network_id={back}")["subnets"]
    answer = stack.tenant.call("DELETE", "network", f"/v2.0/subnets/{subnet['id']}")
    assert answer.status_code == 204, answer.text
    plans.name("the subnet is gone")


def test_a_server_comes_back_into_an_emptied_project(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    """Its networks and router, its security groups, server group and key pair are gone too."""
    full, backup = lost
    servers.delete_surroundings(full)
    plans = Plans(stack, backup["id"], full)
    plans.name("a security group is gone", "the server group is gone", "the router is gone", of=plans.first)
    plans.name("the network is gone")
    plans.name("floating IPs without their router", routers=[{"router_id": full.router, "target": "drop"}])
    groups = [{"security_group_id": one, "target": "new"} for one in full.groups]
    routers = [{"router_id": full.router, "target": "new"}]
    chosen = {"security_groups": groups, "server_group": "new", "routers": routers}
    made = _restored(stack, backup["id"], network="new", **chosen)
    try:
        _compare(stack, backup, made)
    finally:
        again = servers.like(made, full)
        servers.delete(again)
        servers.delete_surroundings(again)


def test_what_an_administrator_took_away_is_named(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    full, backup = lost
    servers.delete_kinds(stack.admin.user)
    stack.tenant.call("DELETE", "network", f"/v2.0/floatingips/{full.floating_ips[0]}")
    plans = Plans(stack, backup["id"], full)
    gone = ("the flavor is gone", "a volume type is gone", "a floating address was given back")
    plans.name(*gone, of=plans.first)


def test_every_conflict_that_is_shown_on_a_real_cloud_was_named():
    assert Plans.named in (set(), {name for name, one in CONFLICTS.items() if one.shown == REAL})


class Plans:
    """Plans of one backup, each with a mapping that would be ready if nothing stood against it."""

    named: ClassVar[set[str]] = set()

    def __init__(self, stack: FullStack, backup_id: str, full: FullServer) -> None:
        self._stack = stack
        self._backup_id = backup_id
        self._full = full
        self.first = _planned(stack, backup_id, {})
        keep = {"network": "keep", "address": "keep", "mac": "keep"}
        ports = [port | keep for port in self.first["mapping"]["ports"]]
        self.mapping: Json = self.first["mapping"] | {"ports": ports, "user_data": "run"}
        record = stack.admin.get(f"backups/{backup_id}/record")
        bodies = {one["name"]: json.loads(one["body"]) for one in record["documents"]}
        kinds = ("port/", "subport/")
        self.captured: list[Json] = [body["port"] for name, body in bodies.items() if name.startswith(kinds)]

    def name(self, *conflicts: str, of: Json | None = None, **chosen: Any) -> None:
        """Check that a plan names conflicts, and that nothing is made when it is to be applied all the same."""
        plan = of or _planned(self._stack, self._backup_id, self.mapping | chosen)
        missing = [one for one in conflicts if not names(plan, one)]
        assert missing == [], list(sentences(plan))
        if plan["status"] != READY:
            path = f"restore-plans/{plan['id']}/restore"
            assert self._stack.member.call("POST", path).status_code == 409
            servers = self._stack.tenant.get("compute", "/servers")["servers"]
            assert [one for one in servers if one["name"].startswith("opencbr-")] == []
            assert self._stack.ledger() == len(self._full.volumes), (
                "the backup of each disk, and nothing else"
            )
        Plans.named |= set(conflicts)


@contextmanager
def _port(stack: FullStack, **fields: Any) -> Iterator[str]:
    id_ = stack.cloud_objects.port("holder", **fields)
    try:
        yield id_
    finally:
        answer = stack.tenant.call("DELETE", "network", f"/v2.0/ports/{id_}")
        assert answer.status_code == 204, answer.text
        stack.cloud_objects.forget(id_)


@contextmanager
def _quota(stack: FullStack, service: str, name: str, limit: int) -> Iterator[None]:
    """Set a quota of the project for a while."""
    tenant, admin, project = stack.tenant, stack.admin.user, stack.tenant.project_id
    path, key = f"/os-quota-sets/{project}", "quota_set"
    if service == "network":
        path, key = f"/v2.0/quotas/{project}", "quota"
        was = tenant.get(service, f"{path}/details.json")[key][name]["limit"]
    elif service == "compute":
        was = tenant.get(service, "/limits")["limits"]["absolute"]["maxTotalInstances"]
    else:
        was = admin.get(service, path)[key][name]

    def put(value: int) -> None:
        answer = admin.call("PUT", service, path, {key: {name: value}})
        assert answer.status_code == 200, answer.text

    put(limit)
    try:
        yield
    finally:
        put(was)


@contextmanager
def _shared_network(stack: FullStack) -> Iterator[str]:
    """A network of another project that is shared with the tenant's."""
    objects, other = CloudObjects(stack.tenant), stack.other
    network = objects.of_neutron("network", "networks", by=other, name=f"{objects.prefix}-theirs")
    fields = {"network_id": network, "ip_version": 4, "cidr": "10.45.0.0/24"}
    objects.of_neutron("subnet", "subnets", by=other, **fields)
    share = {"object_type": "network", "object_id": network, "action": "access_as_shared"}
    objects.of_neutron(
        "rbac_policy", "rbac-policies", by=other, target_tenant=stack.tenant.project_id, **share
    )
    try:
        yield network
    finally:
        objects.clear()


def _compare(stack: FullStack, backup: Json, made: str) -> None:
    """Back a restored server up, and compare its record with that of the backup that it was made of."""
    with stack.protected(made) as vault:
        again = stack.back_up(vault, "after")
        before, after = (told_by(stack.admin.get(f"backups/{one['id']}/record")) for one in (backup, again))
    others = {
        key: both
        for key, both in difference(before, after).items()
        if key[0].partition("/")[0] not in DOCUMENTED
    }
    assert others == {}
    print(f"{len(before)} fields compared")
    assert len(before) >= LEAST


def _restored(stack: FullStack, backup_id: str, *, network: str, **chosen: Any) -> str:
    """Restore a backup as a new server by a plan, with all as it was but for what is chosen; its id."""
    mapping = _planned(stack, backup_id, {})["mapping"]
    ports = [{**port, "network": network} for port in mapping["ports"]]
    plan = _planned(stack, backup_id, {**mapping, "ports": ports, "user_data": "run", **chosen})
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
