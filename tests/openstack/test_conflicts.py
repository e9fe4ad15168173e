"""What can stand against a restore, provoked on a real cloud by its own calls: the plan names it, and nothing is made.

Each provocation takes back what it did, but for those at the end: what is gone there stays gone.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from conflict_scene import FREE, Scene, scene_of
from disk_bytes import set_status

from support.conflicts import (
    IN_PLACE,
    NEW_SERVER,
    READY,
    Conflict,
    names,
    on_a_real_cloud,
    provoking,
    sentences,
)
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough

Json = dict[str, Any]
Provoke = Callable[[Scene, ExitStack], Json | None]
"""Brings a conflict about until the stack is closed, and gives what is otherwise in the mapping."""
ON_DISKS: dict[str, Provoke] = {}
ON_A_NEW_SERVER: dict[str, Provoke] = {}
provokes_in_place, provokes = provoking(ON_DISKS), provoking(ON_A_NEW_SERVER)

on_real_clouds = pytest.mark.parametrize(
    "stack", [pytest.param("real", marks=pytest.mark.openstack)], indirect=True
)


@pytest.fixture(scope="module")
def scene(stack: FullStack, real_clouds: Path) -> Iterator[Scene]:
    service = yaml.safe_load(real_clouds.read_text())["clouds"]["opencbr"]["auth"]["username"]
    with scene_of(stack, service) as made:
        yield made


def drops(*volumes: str) -> list[Json]:
    return [{"volume_id": one, "target": "drop"} for one in volumes]


@provokes_in_place("a disk is smaller than its backup (2001)")
def _(scene: Scene, stack: ExitStack) -> Json:
    root, data, archive = scene.full.volumes
    return {"disks": [*drops(root, data), {"volume_id": archive, "target": data}]}


@provokes_in_place("a data disk is to be written over a system disk (2013)")
def _(scene: Scene, stack: ExitStack) -> Json:
    root, data, archive = scene.full.volumes
    return {"disks": [*drops(root, archive), {"volume_id": data, "target": root}]}


@provokes_in_place("the mapping does without every disk")
def _(scene: Scene, stack: ExitStack) -> Json:
    return {"disks": drops(*scene.full.volumes)}


@provokes_in_place("a disk is not at rest (2011)")
def _(scene: Scene, stack: ExitStack) -> None:
    data = scene.full.volumes[1]
    set_status(scene.stack, data, "error")
    stack.callback(set_status, scene.stack, data, "in-use")


@provokes_in_place("a disk is on several servers (2011)")
def _(scene: Scene, stack: ExitStack) -> None:
    stack.enter_context(scene.attached(scene.full.volumes[1]))


@provokes_in_place("the server is neither running nor shut off (2008)")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.act("pause", "PAUSED")
    stack.callback(scene.act, "unpause", "ACTIVE")


@provokes_in_place("a disk is on no server (7201)")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.detach(scene.full.volumes[2])


@provokes_in_place("a disk is on another server (7201)")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.detach(scene.full.volumes[2])
    stack.enter_context(scene.attached(scene.full.volumes[2]))


@provokes_in_place("a disk is gone (7201)")
def _(scene: Scene, stack: ExitStack) -> None:
    archive = scene.full.volumes[2]
    scene.detach(archive)
    scene.gone(scene.tenant, "volumev3", f"/volumes/{archive}")


@provokes_in_place("Cinder's quota has no room for the way back (8300)")
def _(scene: Scene, stack: ExitStack) -> None:
    path = f"/os-quota-sets/{scene.tenant.project_id}"
    # Those that the backup has just deleted may still be counted.
    scene.lowers(stack, "volumev3", path, "quota_set", "snapshots", to=0)


@provokes_in_place("the service user may only read")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.only_reads(stack)


@provokes_in_place("the server is gone (2007)")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.lose()


@provokes("an address is taken")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.taking(stack, "plain")


@provokes("a subport's address is taken")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.taking(stack, "below")


@provokes("a MAC is in use")
def _(scene: Scene, stack: ExitStack) -> None:
    was = scene.ports["plain"]
    scene.port(stack, was["network_id"], mac_address=was["mac_address"])


@provokes("an address is another project's")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.taking(stack, "plain", scene.admin, project_id=scene.stack.other.project_id)


@provokes("the flavor has changed")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.drop_flavor()
    scene.make_flavor(ram=scene.flavor["ram"] + 64)
    stack.callback(scene.make_flavor)
    stack.callback(scene.drop_flavor)


@provokes("the flavor is gone")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.drop_flavor()
    stack.callback(scene.make_flavor)
    return {"flavor_id": None}


@provokes("the network was another project's")
def _(scene: Scene, stack: ExitStack) -> Json:
    return scene.mapped("guest", network="new")


@provokes("a MAC on another project's network")
def _(scene: Scene, stack: ExitStack) -> Json:
    return scene.mapped("guest", mac="keep")


@provokes("an address on another project's network")
def _(scene: Scene, stack: ExitStack) -> Json:
    return scene.mapped("guest", address="keep")


@provokes("port security on another project's network")
def _(scene: Scene, stack: ExitStack) -> Json:
    there = scene.mapped("open", network="map", network_id=scene.theirs, address="new", mac="new")
    floating = [{**one, "address": "drop"} for one in scene.mapping["floating_ips"]]
    return {**there, "floating_ips": floating}


def rule(scene: Scene, stack: ExitStack, **fields: Any) -> str:
    """Let the group `web` have another rule for a while."""
    fields |= {"security_group_id": scene.full.groups[0], "direction": "ingress"}
    return scene.also(stack, "security_group_rule", "security-group-rules", **fields)


@provokes("a security group has more rules")
def _(scene: Scene, stack: ExitStack) -> None:
    rule(scene, stack, protocol="udp")


@provokes("a security group has fewer rules")
def _(scene: Scene, stack: ExitStack) -> None:
    path = f"/v2.0/security-groups/{scene.full.groups[0]}"
    rules = scene.tenant.get("network", path)["security_group"]["security_group_rules"]
    pings = next(one for one in rules if one["protocol"] == "icmp")
    scene.gone(scene.tenant, "network", f"/v2.0/security-group-rules/{pings['id']}")
    # It is put back when the stack is closed, and stays.
    fields = {name: pings[name] for name in ("protocol", "remote_ip_prefix", "description")}
    stack.callback(rule, scene, ExitStack(), **fields)


@provokes("a group that a rule names is left out")
def _(scene: Scene, stack: ExitStack) -> Json:
    web, ops = scene.full.groups
    return {"security_groups": scene.groups(**{web: "new", ops: "drop"})}


@provokes("the group `default` is to be made again")
def _(scene: Scene, stack: ExitStack) -> Json:
    (default,) = scene.ports["guest"]["security_groups"]
    return {"security_groups": scene.groups(**{default: "new"})}


@provokes("another server group bears its name")
def _(scene: Scene, stack: ExitStack) -> Json:
    return {"server_group": "new"}


@provokes("a zone that Nova has not")
def _(scene: Scene, stack: ExitStack) -> Json:
    return {"availability_zone": "mars"}


@provokes("a zone that Cinder has not")
def _(scene: Scene, stack: ExitStack) -> Json:
    return {"volume_availability_zone": "mars"}


@provokes("Nova's quota is short")
def _(scene: Scene, stack: ExitStack) -> None:
    path = f"/os-quota-sets/{scene.tenant.project_id}"
    scene.lowers(stack, "compute", path, "quota_set", "instances")


@provokes("Cinder's quota is short")
def _(scene: Scene, stack: ExitStack) -> None:
    path = f"/os-quota-sets/{scene.tenant.project_id}"
    scene.lowers(stack, "volumev3", path, "quota_set", "volumes")


@provokes("Neutron's quota is short")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.lowers(stack, "network", f"/v2.0/quotas/{scene.tenant.project_id}", "quota", "port")


@provokes("a floating IP leads elsewhere")
def _(scene: Scene, stack: ExitStack) -> Json:
    port = scene.port(stack, scene.full.networks[0])
    path = f"/v2.0/floatingips/{scene.full.floating_ips[0]}"
    scene.do(scene.tenant, "PUT", "network", path, {"floatingip": {"port_id": port}})
    return {"floating_ips": []}


@provokes("a floating IP's port is forwarded elsewhere")
def _(scene: Scene, stack: ExitStack) -> Json:
    port = scene.port(stack, scene.full.networks[0], fixed_ips=[{"ip_address": FREE}])
    to = {"protocol": "tcp", "external_port": 2222, "internal_port": 22}
    to |= {"internal_port_id": port, "internal_ip_address": FREE}
    path = f"floatingips/{scene.full.floating_ips[1]}/port_forwardings"
    scene.also(stack, "port_forwarding", path, **to)
    return {"floating_ips": []}


@provokes("a router's place is taken")
def _(scene: Scene, stack: ExitStack) -> Json:
    return {"routers": [{"router_id": scene.full.router, "target": "new"}]}


@provokes("the key pair is not in the record")
@provokes("a subport is not in the record")
@provokes("a disk was on several servers")
@provokes("a disk is not in the backup")
def _(scene: Scene, stack: ExitStack) -> Json:
    return scene.other_backup(stack, "no-key")


@provokes("the boot disk is not in the backup")
def _(scene: Scene, stack: ExitStack) -> Json:
    return scene.other_backup(stack, "no-root")


@provokes("the flavor has too little memory for the image")
def _(scene: Scene, stack: ExitStack) -> Json:
    return scene.other_backup(stack, "large-image")


@provokes("the service user may only read")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.only_reads(stack)


@provokes("a volume type is gone")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.gone(scene.admin, "volumev3", f"/types/{scene.volume_type}")
    stack.callback(scene.make_volume_type)
    return {"volumes": []}


@provokes("a security group is gone")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.gone(scene.tenant, "network", f"/v2.0/security-groups/{scene.full.groups[1]}")
    scene.mapping["security_groups"] = scene.groups(**{scene.full.groups[1]: "drop"})
    return {"security_groups": []}


@provokes("the server group is gone")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.gone(scene.tenant, "compute", f"/os-server-groups/{scene.full.server_group}")
    scene.mapping["server_group"] = "drop"
    return {"server_group": None}


@provokes("a QoS policy is gone")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.gone(scene.admin, "network", f"/v2.0/qos/policies/{scene.policy}")


@provokes("a floating address was given back")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.give_back(0)
    return {"floating_ips": []}


@provokes("a floating address is another project's")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.give_back(0)
    fields = {"floating_network_id": scene.outside, "floating_ip_address": scene.address}
    scene.also(
        stack, "floatingip", "floatingips", scene.admin, project_id=scene.stack.other.project_id, **fields
    )
    return {"floating_ips": []}


@provokes("the router is gone")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.servers.delete_router(scene.full)


@provokes("a router translated no addresses")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.servers.delete_router(scene.full)
    return {"routers": [{"router_id": scene.full.router, "target": "new"}]}


@provokes("floating IPs without their router")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.servers.delete_router(scene.full)
    return {"routers": [{"router_id": scene.full.router, "target": "drop"}]}


@provokes("the external network is gone")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.servers.delete_router(scene.full)
    for number in (0, 1):
        scene.give_back(number)
    scene.gone(scene.admin, "network", f"/v2.0/networks/{scene.outside}")
    return {"floating_ips": [{**one, "address": "new"} for one in scene.mapping["floating_ips"]]}


@provokes("a router's external network is gone")
def _(scene: Scene, stack: ExitStack) -> Json:
    scene.servers.delete_router(scene.full)
    for number in (0, 1):
        scene.give_back(number)
    scene.gone(scene.admin, "network", f"/v2.0/networks/{scene.outside}")
    return {"routers": [{"router_id": scene.full.router, "target": "new"}]}


@provokes("the subnet is gone")
def _(scene: Scene, stack: ExitStack) -> None:
    (subnet,) = scene.tenant.get("network", f"/v2.0/subnets?network_id={scene.full.networks[1]}")["subnets"]
    scene.gone(scene.tenant, "network", f"/v2.0/subnets/{subnet['id']}")


@provokes("the network is gone")
def _(scene: Scene, stack: ExitStack) -> None:
    scene.gone(scene.tenant, "network", f"/v2.0/networks/{scene.full.networks[1]}")


def test_every_conflict_that_a_real_cloud_shows_is_provoked_here():
    assert ON_A_NEW_SERVER.keys() == on_a_real_cloud(NEW_SERVER)
    assert ON_DISKS.keys() == on_a_real_cloud(IN_PLACE)


@on_real_clouds
@pytest.mark.parametrize("conflict", ON_DISKS)
def test_a_plan_in_place_names_what_stands_against_it_and_nothing_is_made(scene: Scene, conflict: str):
    with ExitStack() as stack:
        chosen = ON_DISKS[conflict](scene, stack) or {}
        told(scene, "in_place", chosen, IN_PLACE[conflict])


@on_real_clouds
def test_the_server_comes_back_whole_where_nothing_stands_against_it(scene: Scene):
    scene.lose()
    plan = scene.planned("new_server", scene.mapping)
    assert (plan["status"], plan["problems"], plan["choices"]) == (READY, [], [])
    assert [name for name, one in NEW_SERVER.items() if names(plan, one)] == [], list(sentences(plan))


@on_real_clouds
@pytest.mark.parametrize("conflict", ON_A_NEW_SERVER)
def test_a_plan_names_what_stands_against_it_and_nothing_is_made(scene: Scene, conflict: str):
    scene.lose()
    with ExitStack() as stack:
        chosen = ON_A_NEW_SERVER[conflict](scene, stack) or {}
        told(scene, "new_server", scene.mapping | chosen, NEW_SERVER[conflict])


def told(scene: Scene, kind: str, mapping: Json, conflict: Conflict) -> None:
    """Ask for a plan, and see that it names the conflict and that it cannot be applied, and that nothing was made."""
    before, ledger = len(scene.stack.recorder.exchanges), scene.stack.ledger()
    plan = scene.planned(kind, mapping)
    assert names(plan, conflict), list(sentences(plan))
    assert plan["status"] == conflict.status, (plan["problems"], plan["choices"])
    if plan["status"] != READY:
        answer = scene.stack.member.call("POST", f"restore-plans/{plan['id']}/restore")
        assert answer.status_code == 409, answer.text
    calls = scene.stack.recorder.exchanges[before:]
    changes = [f"{one.method} {one.path}" for one in calls if one.method != "GET"]
    assert [one for one in changes if not one.endswith("/auth/tokens")] == []
    assert scene.stack.ledger() == ledger
