"""Everything that can stand against a restore as a new server, provoked: the plan names it, and nothing is made or changed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from democloud.client import Client
from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.ports import make_port
from opencbr.democloud.network.subnets import make_subnet
from opencbr.democloud.state import State
from opencbr.model.backup import Backup
from opencbr.model.ids import new_id
from support.conflicts import IN_PLACE, NEW_SERVER, READY, names, provoking, sentences, table
from support.full_server import FullServer, FullServers

from .api_server import ApiServer
from .test_restore_elsewhere import role
from .test_restore_plans import all_new, planned

Json = dict[str, Any]
FREE = "10.43.0.200"
"""An address of the front network that the server has not had."""
DOCUMENT = Path(__file__).parents[2] / "docs/restore-conflicts.md"


@dataclass
class Case:
    """A server with all that there is, deleted with its disks and ports, its backup, and a mapping that is ready."""

    cbr: ApiServer
    full: FullServer
    backup: Backup
    mapping: Json

    @property
    def state(self) -> State:
        return self.cbr.cloud.backend.state

    def named(self, kind: str, name: str) -> Json:
        with self.state.change():
            return dict(next(one for one in self.state.all(kind) if one["name"].endswith(name)))

    @contextmanager
    def without(self, kind: str, *ids: str) -> Iterator[None]:
        """Take things out of the cloud for a while."""
        with self.state.change():
            docs = [doc for one in ids if (doc := self.state.get(kind, one))]
            for doc in docs:
                self.state.drop(kind, doc["id"])
        try:
            yield
        finally:
            with self.state.change():
                for doc in docs:
                    self.state.put(kind, doc)

    @contextmanager
    def changed(self, kind: str, id_: str, **fields: Any) -> Iterator[None]:
        """Change fields of a thing for a while."""
        with self.state.change():
            was = self.state.get(kind, id_)
            assert was is not None
            self.state.put(kind, was | fields)
        try:
            yield
        finally:
            with self.state.change():
                self.state.put(kind, was)

    @contextmanager
    def also(self, kind: str, doc: Json, project: str | None = None) -> Iterator[str]:
        """Let a thing be there for a while."""
        own = {"id": new_id(self.cbr.clock.now()), "project_id": self.cbr.project()}
        with self.state.change():
            made = self.state.put(kind, own | doc, **({} if project is None else {"project": project}))
        try:
            yield str(made["id"])
        finally:
            with self.state.change():
                self.state.drop(kind, made["id"])

    @contextmanager
    def port(self, network: str, account: str = "demo", **fields: Any) -> Iterator[str]:
        """Let a port be there for a while."""
        with self.state.change():
            on = self.state.get("network", network)
            assert on is not None
            made = make_port(self.cbr.cloud.backend, self.cbr.project(account), on, groups=["none"], **fields)
        try:
            yield str(made["id"])
        finally:
            with self.state.change():
                self.state.drop("port", made["id"])

    def again(self, name: str = "", **more: Any) -> Json:
        """Back another server up, and give the mapping of its plan with all that is to be chosen."""
        self.backup = self.cbr.protected(name or "db1", **more)
        return all_new(planned(self.cbr, self.backup.id))


@pytest.fixture(scope="module")
def lost(cbr: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    file = tmp_path_factory.mktemp("tenant") / "clouds.yaml"
    file.write_text(yaml.safe_dump(cbr.cloud.clouds_yaml()))
    servers = FullServers(Client("demo", str(file)))
    full = servers.make()
    backup = cbr.protected(f"{servers.objects.prefix}-full")
    servers.delete(full)
    first = planned(cbr, backup.id)["mapping"]
    ports = [{**port, "network": "keep", "address": "keep", "mac": "keep"} for port in first["ports"]]
    yield Case(cbr, full, backup, first | {"ports": ports, "user_data": "run"})
    servers.clear()


@pytest.fixture
def case(lost: Case) -> Case:
    """A test may take another backup."""
    return replace(lost)


Provoke = Callable[[Case, ExitStack], Json | None]
"""Brings a conflict about until the stack is closed, and gives what is otherwise in the mapping."""
PROVOKED: dict[str, Provoke] = {}
provokes = provoking(PROVOKED)


def captured(case: Case, name: str) -> Json:
    """A captured port, as the plan's rows tell it."""
    found: Json = {}
    plan = planned(case.cbr, case.backup.id)
    documents = {row["document"] for row in plan["rows"] if str(row["value"]).endswith(name)}
    for row in plan["rows"]:
        if row["document"] in documents and row["document"].startswith(("port/", "subport/")):
            found[row["field"]] = row["value"]
    return found


def taking(case: Case, port: str, account: str = "demo", *, mac: bool = False) -> AbstractContextManager[str]:
    """Take the address or the MAC of a captured port."""
    was = captured(case, port)
    held = {"mac": was["port.mac_address"]} if mac else {"address": was["port.fixed_ips.0.ip_address"]}
    return case.port(was["port.network_id"], account, **held)


@provokes("an address is taken")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(taking(case, "-plain"))


@provokes("a MAC is in use")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(taking(case, "-plain", mac=True))


@provokes("an address is another project's")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(taking(case, "-plain", "other"))


@provokes("a subport's address is taken")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(taking(case, "-below"))


@provokes("the flavor is gone")
def _(case: Case, stack: ExitStack) -> Json:
    flavors = [one["id"] for one in case.state.all("flavor") if one["ram"] == 256]
    stack.enter_context(case.without("flavor", *flavors))
    return {"flavor_id": None}


@provokes("the flavor has changed")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.changed("flavor", "1", ram=512))


@provokes("the flavor has too little memory for the image")
def _(case: Case, stack: ExitStack) -> Json:
    """Which its root volume was made of."""
    root = case.named("volume", "db1-root")
    wants = {"volume_image_metadata": root["volume_image_metadata"] | {"min_ram": "4096"}}
    with case.changed("volume", root["id"], **wants):
        return case.again()


@provokes("the flavor has too small a root disk for the image")
def _(case: Case, stack: ExitStack) -> Json:
    mapping = case.again("web1")
    stack.enter_context(case.changed("image", case.named("server", "web1")["image_id"], min_disk=100))
    return mapping


@provokes("the network is gone")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.without("network", case.full.networks[1]))


@provokes("the subnet is gone")
def _(case: Case, stack: ExitStack) -> None:
    (subnet,) = case.state.all("subnet", network_id=case.full.networks[1])
    stack.enter_context(case.without("subnet", subnet["id"]))


@provokes("the network was another project's")
def _(case: Case, stack: ExitStack) -> Json:
    net = case.named("network", "demo-net")["id"]
    theirs = {"project_id": case.cbr.project("other"), "tenant_id": case.cbr.project("other")}
    stack.enter_context(case.changed("network", net, **theirs, shared=True))
    mapping = case.again("web1")
    return mapping | {"ports": [{**port, "network": "new"} for port in mapping["ports"]]}


@provokes("a security group is gone")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(case.without("security-group", case.full.groups[0]))
    return {"security_groups": []}


@provokes("a security group is not in the record")
def _(case: Case, stack: ExitStack) -> Json:
    group = case.named("security-group", "database")["id"]
    with case.without("security-group", group):
        mapping = case.again()
    return mapping | {"security_groups": [{"security_group_id": group, "target": "new"}]}


def rule_of(case: Case, protocol: str) -> Json:
    rules = case.state.all("security-group-rule", security_group_id=case.full.groups[0])
    return dict(next(rule for rule in rules if rule["protocol"] == protocol))


@provokes("a security group has more rules")
def _(case: Case, stack: ExitStack) -> None:
    rule = rule_of(case, "icmp") | {"id": new_id(case.cbr.clock.now()), "protocol": "udp"}
    stack.enter_context(case.also("security-group-rule", rule))


@provokes("a security group has fewer rules")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.without("security-group-rule", rule_of(case, "icmp")["id"]))


@provokes("a group that a rule names is left out")
def _(case: Case, stack: ExitStack) -> Json:
    web, ops = case.full.groups
    chosen = {web: "new", ops: "drop"}
    return {"security_groups": [{"security_group_id": one, "target": to} for one, to in chosen.items()]}


@provokes("the group `default` is to be made again")
def _(case: Case, stack: ExitStack) -> Json:
    mapping = case.again("web1")
    groups = [{**one, "target": "new"} for one in mapping["security_groups"]]
    return mapping | {"security_groups": groups}


@provokes("the key pair is not in the record")
def _(case: Case, stack: ExitStack) -> Json:
    pair = case.named("keypair", "demo-key")
    with case.without("keypair", pair["id"]):
        return case.again()


@provokes("the server group is gone")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(case.without("server-group", case.full.server_group))
    return {"server_group": None}


@provokes("another server group bears its name")
def _(case: Case, stack: ExitStack) -> Json:
    return {"server_group": "new"}


@provokes("Nova's zone is gone")
def _(case: Case, stack: ExitStack) -> Json:
    with case.changed("server", case.named("server", "db1")["id"], pinned_availability_zone="west"):
        return case.again()


@provokes("a zone that Nova has not")
def _(case: Case, stack: ExitStack) -> Json:
    return {"availability_zone": "mars"}


@provokes("Cinder's zone is gone")
def _(case: Case, stack: ExitStack) -> Json:
    with case.changed("volume", case.named("volume", "db1-data")["id"], availability_zone="west"):
        return case.again()


@provokes("a zone that Cinder has not")
def _(case: Case, stack: ExitStack) -> Json:
    return {"volume_availability_zone": "mars"}


@provokes("a volume type is gone")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(case.without("volume-type", case.named("volume-type", "__DEFAULT__")["id"]))
    return {"volumes": []}


@provokes("a volume type encrypts no more")
def _(case: Case, stack: ExitStack) -> Json:
    volume, kind = case.named("volume", "db1-data"), case.named("volume-type", "disks")
    how = {"volume_type_id": kind["id"], "cipher": "aes", "key_size": 256, "provider": "luks"}
    own = {"encryption_id": "e1", "control_location": "front-end", "deleted": False, "deleted_at": None}
    with (
        case.changed("volume", volume["id"], encryption_key_id=new_id(case.cbr.clock.now())),
        case.also("encryption", {**how, **own, "created_at": None, "updated_at": None}, project=""),
    ):
        return case.again()


@provokes("Nova's quota is short")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.also("compute-quota", {"id": case.cbr.project(), "instances": 1}))


@provokes("Cinder's quota is short")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.also("quota", {"id": case.cbr.project(), "volumes": 1}))


@provokes("Neutron's quota is short")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.also("network-quota", {"id": case.cbr.project(), "port": 1}))


@provokes("the service user may only read")
def _(case: Case, stack: ExitStack) -> None:
    reader, service = case.named("role", "reader")["id"], case.cbr.cloud.account("opencbr")["user_id"]
    held = [one for one in case.state.all("grant") if one["user_id"] == service and one["scope"] == "domain"]
    for one in held:
        stack.enter_context(case.changed("grant", one["id"], role_id=reader))
    case.cbr.adapter._scopes._tenants.clear()
    stack.callback(case.cbr.adapter._scopes._tenants.clear)


@provokes("a disk was on several servers")
def _(case: Case, stack: ExitStack) -> Json:
    held = next(
        dict(one)
        for one in case.state.all("attachment")
        if one["volume_id"] == case.named("volume", "db1-data")["id"]
    )
    other = {"id": new_id(case.cbr.clock.now()), "server_id": case.named("server", "web1")["id"]}
    with case.also("attachment", held | other):
        return case.again()


@provokes("a subport is not in the record")
def _(case: Case, stack: ExitStack) -> Json:
    port = next(dict(one) for one in case.state.all("port") if one["name"] == "db1-front")
    gone = {"port_id": new_id(case.cbr.clock.now()), "segmentation_type": "vlan", "segmentation_id": 7}
    words = {"name": "t", "port_id": port["id"], "status": "DOWN", "admin_state_up": True, "description": ""}
    times = {
        "created_at": "",
        "updated_at": "",
        "revision_number": 0,
        "tags": [],
        "tenant_id": case.cbr.project(),
    }
    with case.also("trunk", {**words, **times, "sub_ports": [gone]}):
        return case.again()


def elsewhere(case: Case, stack: ExitStack, **chosen: str) -> Json:
    """Map the port that was `open` to a network that another project shares."""
    backend, project = case.cbr.cloud.backend, case.cbr.project("other")
    with case.state.change():
        network = make_network(backend, project, "theirs", shared=True)
        make_subnet(backend, network, "theirs-v4", "10.77.0.0/24")
    stack.enter_context(case.without("network"))

    def drop() -> None:
        with case.state.change():
            for subnet in network["subnets"]:
                case.state.drop("subnet", subnet)
            case.state.drop("network", network["id"])

    stack.callback(drop)
    was = captured(case, "-open")["port.id"]
    to = {"port_id": was, "network": "map", "network_id": network["id"], "address": "new", "mac": "new"}
    ports = [to | chosen if port["port_id"] == was else port for port in case.mapping["ports"]]
    floating = [{**one, "address": "drop"} for one in case.mapping["floating_ips"]]
    return {"ports": ports, "floating_ips": floating}


@provokes("a MAC on another project's network")
def _(case: Case, stack: ExitStack) -> Json:
    return elsewhere(case, stack, mac="keep")


@provokes("an address on another project's network")
def _(case: Case, stack: ExitStack) -> Json:
    return elsewhere(case, stack, address="keep")


@provokes("port security on another project's network")
def _(case: Case, stack: ExitStack) -> Json:
    return elsewhere(case, stack)


@provokes("a floating address was given back")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(case.without("floatingip", case.full.floating_ips[0]))
    return {"floating_ips": []}


@provokes("a floating address is another project's")
def _(case: Case, stack: ExitStack) -> Json:
    theirs = {"project_id": case.cbr.project("other"), "tenant_id": case.cbr.project("other")}
    stack.enter_context(case.changed("floatingip", case.full.floating_ips[0], **theirs))
    return {"floating_ips": []}


@provokes("a floating IP leads elsewhere")
def _(case: Case, stack: ExitStack) -> Json:
    port = stack.enter_context(case.port(case.full.networks[0], address=FREE))
    stack.enter_context(case.changed("floatingip", case.full.floating_ips[0], port_id=port))
    return {"floating_ips": []}


@provokes("a floating IP's port is forwarded elsewhere")
def _(case: Case, stack: ExitStack) -> Json:
    port = stack.enter_context(case.port(case.full.networks[0], address=FREE))
    to = {"protocol": "tcp", "external_port": 2222, "internal_port": 22, "internal_port_id": port}
    more = {
        "floatingip_id": case.full.floating_ips[1],
        "internal_ip_address": FREE,
        "description": "",
    }
    stack.enter_context(case.also("port-forwarding", {**to, **more}))
    return {"floating_ips": []}


@provokes("the external network is gone")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(case.without("network", case.named("network", "public")["id"]))
    return {"floating_ips": [{**one, "address": "new"} for one in case.mapping["floating_ips"]]}


@provokes("the router is gone")
def _(case: Case, stack: ExitStack) -> None:
    stack.enter_context(case.without("router", case.full.router))


@provokes("floating IPs without their router")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(case.without("router", case.full.router))
    return {"routers": [{"router_id": case.full.router, "target": "drop"}]}


@provokes("a router's external network is gone")
def _(case: Case, stack: ExitStack) -> Json:
    floating = [{**one, "address": "drop"} for one in case.mapping["floating_ips"]]
    stack.enter_context(case.without("router", case.full.router))
    stack.enter_context(case.without("network", case.named("network", "public")["id"]))
    return {
        "floating_ips": floating,
        "routers": [{"router_id": case.full.router, "target": "new"}],
    }


@provokes("a router translated no addresses")
def _(case: Case, stack: ExitStack) -> Json:
    router = case.named("router", "demo-router")
    off = {"external_gateway_info": router["external_gateway_info"] | {"enable_snat": False}}
    with case.changed("router", router["id"], **off):
        mapping = case.again()
    stack.enter_context(case.without("router", router["id"]))
    held = case.state.all("port", device_id=router["id"])
    stack.enter_context(case.without("port", *(port["id"] for port in held)))
    return mapping | {"routers": [{"router_id": router["id"], "target": "new"}]}


@provokes("a router's place is taken")
def _(case: Case, stack: ExitStack) -> Json:
    return {"routers": [{"router_id": case.full.router, "target": "new"}]}


@provokes("a QoS policy is gone")
def _(case: Case, stack: ExitStack) -> Json:
    port = next(dict(one) for one in case.state.all("port") if one["name"] == "db1-front")
    policy = {"name": "slow", "shared": False, "rules": [], "description": "", "tags": []}
    times = {"created_at": "", "updated_at": "", "revision_number": 0, "tenant_id": case.cbr.project()}
    with (
        case.also("qos-policy", policy | times) as id_,
        case.changed("port", port["id"], qos_policy_id=id_),
    ):
        return case.again()


@provokes("the boot disk is not in the backup")
def _(case: Case, stack: ExitStack) -> Json:
    return case.again(exclude=frozenset({case.named("volume", "db1-root")["id"]}))


@provokes("the image that it boots from is deleted")
def _(case: Case, stack: ExitStack) -> Json:
    mapping = case.again("web1")
    stack.enter_context(case.without("image", case.named("server", "web1")["image_id"]))
    return mapping


@provokes("the image that it boots from is not shown to the other project")
def _(case: Case, stack: ExitStack) -> Json:
    stack.enter_context(role(case.cbr, "member"))
    mapping = case.again("web1")
    image = case.named("server", "web1")["image_id"]
    own = {"visibility": "shared", "project_id": case.cbr.project()}
    stack.enter_context(case.changed("image", image, **own))
    elsewhere = {"project_id": case.cbr.project("other"), "security_groups": []}
    return mapping | elsewhere | {"ports": [{**port, "network": "new"} for port in mapping["ports"]]}


@provokes("a disk is not in the backup")
def _(case: Case, stack: ExitStack) -> Json:
    return case.again(exclude=frozenset({case.named("volume", "db1-archive")["id"]}))


def test_every_conflict_of_the_table_is_provoked_here():
    assert PROVOKED.keys() == NEW_SERVER.keys()


def test_the_document_has_the_tables():
    document = DOCUMENT.read_text()
    rows = [line for line in document.splitlines() if line.startswith("| ")][1:]
    rows = [row for row in rows if not row.startswith(("| ---", "| what |"))]
    assert rows == [*table(NEW_SERVER), *table(IN_PLACE)]


def test_the_server_comes_back_whole_where_nothing_stands_against_it(case: Case):
    plan = planned(case.cbr, case.backup.id, **case.mapping)
    assert (plan["status"], plan["problems"], plan["choices"]) == (READY, [], [])
    assert [name for name, one in NEW_SERVER.items() if names(plan, one)] == [], list(sentences(plan))


@pytest.mark.parametrize("conflict", NEW_SERVER)
def test_a_plan_names_what_stands_against_it_and_nothing_is_made(case: Case, conflict: str):
    with ExitStack() as stack:
        chosen = PROVOKED[conflict](case, stack) or {}
        case.cbr.cloud.calls.clear()
        plan = planned(case.cbr, case.backup.id, **case.mapping | chosen)
        assert names(plan, NEW_SERVER[conflict]), list(sentences(plan))
        assert plan["status"] == NEW_SERVER[conflict].status, (plan["problems"], plan["choices"])
        if plan["status"] != READY:
            refused_when_applied(case.cbr, plan)
        assert changes(case.cbr) == []


def test_a_group_that_is_not_in_the_record_can_be_named_as_it_stands(case: Case):
    group = case.named("security-group", "database")["id"]
    with case.without("security-group", group):
        mapping = case.again()
    assert f"security_groups.{group}" in {one["member"] for one in asked_of(case, mapping)["choices"]}
    groups = [{"security_group_id": group, "target": group}]
    assert asked_of(case, mapping | {"security_groups": groups})["status"] == READY


def asked_of(case: Case, mapping: Json) -> Json:
    return planned(case.cbr, case.backup.id, **case.mapping | mapping)


def refused_when_applied(cbr: ApiServer, plan: Json) -> None:
    answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    assert answer.status_code == 409, answer.text


def changes(cbr: ApiServer) -> list[str]:
    """The calls that could have made or changed something in the cloud."""
    calls = cbr.cloud.calls.find()
    return [f"{one.method} {one.path}" for one in calls if one.method != "GET" and one.service != "identity"]
