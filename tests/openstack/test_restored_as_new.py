"""A restore as a new server gives back what was captured: the semantic difference of two records is empty but for a list."""

from collections.abc import Iterator
from typing import Any

import pytest
from restoring import carried_out, compare, planned, restored_as_new

from opencbr.democloud.zones import add_zone
from support.full_server import FullServer, FullServers
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough  # a quarter of an hour on a machine that has other work

Json = dict[str, Any]

LEAST = 400
"""Fields that are compared at least."""


@pytest.fixture(scope="module")
def servers(stack: FullStack) -> Iterator[FullServers]:
    made = FullServers(stack.tenant)
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
    made = restored_as_new(stack, backup["id"], network="keep")
    try:
        compare(stack, backup, made, least=LEAST)
    finally:
        servers.delete(servers.like(made, full))


def test_a_server_comes_back_into_an_emptied_project(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    """Its networks and router, its security groups, server group and key pair are gone too."""
    full, backup = lost
    servers.delete_surroundings(full)
    groups = [{"security_group_id": one, "target": "new"} for one in full.groups]
    routers = [{"router_id": full.router, "target": "new"}]
    chosen = {"security_groups": groups, "server_group": "new", "routers": routers}
    made = restored_as_new(stack, backup["id"], network="new", **chosen)
    try:
        compare(stack, backup, made, least=LEAST)
    finally:
        again = servers.like(made, full)
        servers.delete(again)
        servers.delete_surroundings(again)


def test_a_server_that_left_it_to_nova_comes_back_in_a_named_zone(stack: FullStack):
    """On the embedded cloud it is another one than before; the real one of the tests has but one."""
    objects, zone = stack.cloud_objects, a_zone(stack)
    volume, port = objects.volume("zoned", bootable=True), objects.port("zoned")
    server = objects.server("zoned", volumes=[volume], ports=[port])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "zoned")
        ports = planned(stack, backup["id"], {})["mapping"]["ports"]
        beside = [{**one, "network": "keep", "address": "new", "mac": "new"} for one in ports]
        plan = planned(stack, backup["id"], {"ports": beside, "availability_zone": zone})
        (pinned,) = [row for row in plan["rows"] if row["field"] == "server.pinned_availability_zone"]
        assert (pinned["value"], pinned["fate"], pinned["target"]) == (None, "mapped", zone)
        made = str(carried_out(stack, plan)["extra_info"]["restore"]["target_resource_id"])
        rows = stack.tenant.get("compute", f"/servers/{made}/os-volume_attachments")["volumeAttachments"]
        for one in stack.tenant.get("network", f"/v2.0/ports?device_id={made}")["ports"]:
            objects.adopt("network", f"/v2.0/ports/{one['id']}", "port")
        for row in rows:
            objects.adopt("volumev3", f"/volumes/{row['volumeId']}", "volume")
        objects.adopt("compute", f"/servers/{made}", "server")
        shown = stack.tenant.get("compute", f"/servers/{made}", mv="2.96")["server"]
        assert shown["OS-EXT-AZ:availability_zone"] == shown["pinned_availability_zone"] == zone


def a_zone(stack: FullStack) -> str:
    """Name a zone of Nova's; the embedded cloud is given another one."""
    if stack.demo is not None:
        with stack.demo.backend.state.change():
            add_zone(stack.demo.backend.state, "compute", "west")
    zones = stack.tenant.get("compute", "/os-availability-zone")["availabilityZoneInfo"]
    return str([one["zoneName"] for one in zones if one["zoneState"]["available"]][-1])
