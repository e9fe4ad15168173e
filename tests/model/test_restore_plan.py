"""The plan as a pure function: whatever is captured, chosen and standing, every field has one fate, and no fate is guessed."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.document import Disk
from opencbr.model.restore_plan.blueprint import Ref
from opencbr.model.restore_plan.captured import Captured, fields
from opencbr.model.restore_plan.choices import DROP, KEEP, MAP, NEW, RUN, Choices, PortChoice
from opencbr.model.restore_plan.draft import FATES
from opencbr.model.restore_plan.interface_order import interface_order
from opencbr.model.restore_plan.outcome import INCOMPLETE, READY, REFUSED, Plan
from opencbr.model.restore_plan.plan import plan
from opencbr.model.restore_plan.view import CloudView, FloatingHolder, Holder, Room

PROJECT, FLAVOR, NET, SUBNET, GROUP, PORT, VOLUME, TYPE, FLOATING = (f"{n}" * 8 for n in "abcdef123")
OTHER_NET = "9" * 8
ADDRESS, MAC, PUBLIC = "10.0.0.7", "fa:16:3e:00:00:01", "203.0.113.9"

Json = dict[str, Any]

DOCUMENTS: dict[str, Json] = {
    "server": {
        "server": {
            "id": "s1",
            "name": "db",
            "image": "",
            "flavor": {"id": FLAVOR},
            "key_name": "key",
            "OS-EXT-SRV-ATTR:user_data": "IyE=",
            "metadata": {"role": "db"},
            "tags": ["x"],
            "status": "ACTIVE",
        }
    },
    "attachments": {"volumeAttachments": [{"volumeId": VOLUME, "device": "/dev/sda", "tag": None}]},
    "interface": {"interfaceAttachments": [{"port_id": PORT, "tag": "front"}]},
    "flavor": {"flavor": {"id": FLAVOR, "name": "small", "ram": 256, "vcpus": 1, "disk": 1}},
    "keypair": {"keypair": {"name": "key", "public_key": "ssh-rsa AAAA", "type": "ssh"}},
    f"volume/{VOLUME}": {"volume": {"id": VOLUME, "name": "root", "size": 1, "volume_type": "fast"}},
    f"volume@newest/{VOLUME}": {"volume": {"id": VOLUME, "volume_type_id": TYPE}},
    f"volume_type/{TYPE}": {"volume_type": {"id": TYPE, "name": "fast"}},
    f"port/{PORT}": {
        "port": {
            "id": PORT,
            "name": "p",
            "network_id": NET,
            "mac_address": MAC,
            "fixed_ips": [{"subnet_id": SUBNET, "ip_address": ADDRESS}],
            "security_groups": [GROUP],
        }
    },
    f"network/{NET}": {"network": {"id": NET, "name": "net", "project_id": PROJECT}},
    f"subnet/{SUBNET}": {"subnet": {"id": SUBNET, "network_id": NET, "cidr": "10.0.0.0/24"}},
    f"security_group/{GROUP}": {"security_group": {"id": GROUP, "name": "web", "security_group_rules": []}},
    f"floatingips/{PORT}": {
        "floatingips": [{"id": FLOATING, "floating_ip_address": PUBLIC, "floating_network_id": "public"}]
    },
}
CAPTURED = Captured(
    digest="d" * 64,
    project_id=PROJECT,
    documents=DOCUMENTS,
    masked=DOCUMENTS,
    disks=[
        Disk(
            volume_id=VOLUME,
            position=0,
            size_gb=1,
            name="root",
            device="/dev/sda",
            bootable=True,
            encrypted=False,
            availability_zone=None,
        )
    ],
    disk_backups={VOLUME: "backup-1"},
)
SHARED = ("flavor", f"network/{NET}", f"subnet/{SUBNET}", f"security_group/{GROUP}", f"volume_type/{TYPE}")


def view(gone: frozenset[str] = frozenset(), **more: Any) -> CloudView:
    def there(kind: str, inner: str) -> list[Json]:
        return [
            body[inner]
            for name, body in DOCUMENTS.items()
            if name.startswith(kind) and name not in gone and inner in body
        ]

    others = [{"id": OTHER_NET, "name": "other", "project_id": PROJECT}]
    return CloudView(
        standing={name: None if name in gone else DOCUMENTS[name] for name in SHARED},
        flavors=there("flavor", "flavor"),
        networks=there("network", "network") + others,
        subnets=there("subnet", "subnet"),
        security_groups=there("security_group", "security_group"),
        volume_types=there("volume_type", "volume_type"),
        compute_zones=frozenset({"nova"}),
        volume_zones=frozenset({"nova"}),
        **more,
    )


def chosen(**changes: Any) -> Choices:
    given_: Json = {
        "ports": (PortChoice(port_id=PORT, network=KEEP),),
        "user_data": RUN,
        "floating_ips": {FLOATING: DROP},
    }
    return Choices(**given_ | changes)


def fate(found: Plan, field: str, document: str) -> str:
    (row,) = [row for row in found.rows if (row.field, row.document) == (field, document)]
    return row.fate


def test_everything_there_and_chosen_is_ready_and_keeps_address_and_mac():
    found = plan(CAPTURED, view(), chosen())
    assert (found.status, found.problems, found.choices) == (READY, (), ())
    assert found.blueprint is not None
    (port,) = found.blueprint.ports
    assert (port.mac, [a.address for a in port.addresses or ()], port.nic_tag) == (MAC, [ADDRESS], "front")
    assert found.blueprint.servers[0].user_data == "IyE="
    assert fate(found, "port.mac_address", f"port/{PORT}") == "kept"


_CHOICES = st.builds(
    Choices,
    flavor_id=st.sampled_from([None, FLAVOR]),
    availability_zone=st.sampled_from([None, "nova", "mars"]),
    user_data=st.sampled_from([None, RUN, DROP]),
    key_pair=st.sampled_from([None, KEEP, DROP]),
    ports=st.one_of(
        st.just(()),
        st.tuples(
            st.builds(
                PortChoice,
                port_id=st.just(PORT),
                network=st.sampled_from([None, KEEP, NEW, MAP]),
                network_id=st.sampled_from([None, OTHER_NET]),
                address=st.sampled_from([None, KEEP, NEW]),
                mac=st.sampled_from([None, KEEP, NEW]),
            )
        ),
    ),
    security_groups=st.sampled_from([{}, {GROUP: GROUP}, {GROUP: NEW}, {GROUP: DROP}]),
    floating_ips=st.sampled_from([{}, {FLOATING: KEEP}, {FLOATING: NEW}, {FLOATING: DROP}]),
)
_HOLDERS = st.lists(
    st.builds(
        Holder,
        network_id=st.sampled_from([NET, OTHER_NET]),
        port_id=st.sampled_from([None, "p9"]),
        mac=st.sampled_from([MAC, "fa:16:3e:00:00:02"]),
        addresses=st.sampled_from([(ADDRESS,), ("10.0.0.8",)]),
    ),
    max_size=2,
)
_VIEWS = st.builds(
    lambda gone, holders, floating, room: view(
        gone, holders=holders, floating=floating, rooms={"network/port": Room(room, 0)}
    ),
    st.frozensets(st.sampled_from(SHARED)),
    _HOLDERS,
    st.sampled_from(
        [
            [],
            [FloatingHolder(address=PUBLIC, id=FLOATING, port_id=None)],
            [FloatingHolder(address=PUBLIC, id=None, port_id=None)],
        ]
    ),
    st.sampled_from([-1, 0, 5]),
)


@given(_VIEWS, _CHOICES)
def test_whatever_stands_and_is_chosen(seen: CloudView, choices: Choices):
    found = plan(CAPTURED, seen, choices)
    captured = [(name, ".".join(path)) for name, body in DOCUMENTS.items() for path, _ in fields(body)]
    captured.remove((f"volume/{VOLUME}", "volume.id"))  # the newest microversion tells it too
    assert [(row.document, row.field) for row in found.rows] == captured
    assert {row.fate for row in found.rows} <= set(FATES) - {"unhandled"}
    assert all(row.reason for row in found.rows)
    assert (found.status == REFUSED) == bool(found.problems)
    assert (found.status == INCOMPLETE) == (bool(found.choices) and not found.problems)
    assert (found.status == READY) == (found.blueprint is not None)
    if found.status == READY:
        assert not {row.fate for row in found.rows} & {"refused", "undecided"}
    assert plan(CAPTURED, seen, choices) == found
    json.dumps(found.mapping.ports, default=str)


@given(_VIEWS, _CHOICES)
def test_a_mapping_that_was_given_back_asks_and_refuses_no_more_than_before(
    seen: CloudView, choices: Choices
):
    found = plan(CAPTURED, seen, choices)
    again = plan(CAPTURED, seen, found.mapping)
    assert (again.status, again.choices, again.problems) == (found.status, found.choices, found.problems)
    assert again.blueprint == found.blueprint


def test_no_network_is_chosen_by_itself():
    found = plan(CAPTURED, view(), chosen(ports=()))
    assert found.status == INCOMPLETE
    (choice,) = found.choices
    assert (choice.member, choice.options) == (f"ports.{PORT}.network", (KEEP, NEW, MAP))
    assert fate(found, "port.name", f"port/{PORT}") == "undecided"


def test_on_somebody_else_s_network_neither_address_nor_mac_is_asked_for():
    foreign = [{"id": OTHER_NET, "name": "shared", "project_id": "somebody"}]
    seen = view()
    seen = CloudView(**{n: getattr(seen, n) for n in seen.__slots__} | {"networks": foreign})
    port = PortChoice(port_id=PORT, network=MAP, network_id=OTHER_NET)
    found = plan(CAPTURED, seen, chosen(ports=(port,)))
    assert found.status == READY
    assert found.blueprint is not None
    assert (found.blueprint.ports[0].mac, found.blueprint.ports[0].addresses) == (None, None)
    wanted = PortChoice(port_id=PORT, network=MAP, network_id=OTHER_NET, address=KEEP, mac=KEEP)
    refused = plan(CAPTURED, seen, chosen(ports=(wanted,)))
    assert {p.field for p in refused.problems} == {"port.mac_address", "port.fixed_ips.0.ip_address"}


def test_a_field_that_no_rule_knows_is_unhandled():
    strange = {**DOCUMENTS, "server": {"server": {**DOCUMENTS["server"]["server"], "OS-NEW:thing": 1}}}
    captured = Captured(
        **{n: getattr(CAPTURED, n) for n in CAPTURED.__slots__} | {"documents": strange, "masked": strange}
    )
    found = plan(captured, view(), chosen())
    assert found.counts["unhandled"] == 1
    assert fate(found, "server.OS-NEW:thing", "server") == "unhandled"


GROUPED = {
    **DOCUMENTS,
    "server@newest": {"server": {"server_groups": ["g1"]}},
    "server_group/g1": {"server_group": {"id": "g1", "name": "apart", "policy": "affinity", "rules": {}}},
}


def grouped(*there: Json, chosen_group: str | None) -> Plan:
    captured = Captured(
        **{n: getattr(CAPTURED, n) for n in CAPTURED.__slots__} | {"documents": GROUPED, "masked": GROUPED}
    )
    seen = view()
    more = {"server_groups": there, "rooms": {"compute/server_groups": Room(10, 9)}}
    seen = CloudView(**{n: getattr(seen, n) for n in seen.__slots__} | more)
    return plan(captured, seen, chosen(server_group=chosen_group))


def regrouped(*there: Json) -> Plan:
    """Plan for a project that has these security groups in place of the one that is gone."""
    seen = view(frozenset({f"security_group/{GROUP}"}))
    return plan(CAPTURED, replace(seen, security_groups=there), chosen())


def test_which_of_several_security_groups_with_the_same_rules_is_asked_for():
    one, other = ({"id": id_, "name": id_, "security_group_rules": []} for id_ in ("one", "other"))
    found = regrouped(one, other)
    (choice,) = found.choices
    assert (found.status, choice.member) == (INCOMPLETE, f"security_groups.{GROUP}")
    assert "several have its rules, one (one), other (other): choose one" in choice.sentence
    assert fate(found, "security_group.name", f"security_group/{GROUP}") == "undecided"
    namesakes = [one | {"name": "web"}, other | {"name": "web"}]
    assert regrouped(*namesakes).status == INCOMPLETE
    for there, wanted in (([one], "one"), ([one, other | {"name": "web"}], "other")):
        found = regrouped(*there)
        assert (found.status, found.mapping.security_groups) == (READY, {GROUP: wanted})
    rule = {"id": "r", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
    found = regrouped(namesakes[0] | {"security_group_rules": [rule]}, namesakes[1])
    assert found.mapping.security_groups == {GROUP: "other"}, "of two namesakes the one with its rules"


def test_which_of_several_server_groups_of_one_name_is_asked_for():
    alike = [{"id": id_, "name": "apart", "policy": "affinity"} for id_ in ("one", "other")]
    assert grouped(alike[0], chosen_group=None).mapping.server_group == "one"
    found = grouped(*alike, chosen_group=None)
    (choice,) = found.choices
    assert (found.status, choice.member) == (INCOMPLETE, "server_group")
    assert "choose one of one, other, or do without" in choice.sentence


def test_a_server_group_that_is_gone_is_made_again_where_the_mapping_says_so():
    asked = grouped(chosen_group=None)
    (choice,) = asked.choices
    assert (choice.member, choice.options[0]) == ("server_group", NEW)
    found = grouped(chosen_group=NEW)
    assert (found.status, found.mapping.server_group) == (READY, NEW)
    assert found.blueprint is not None
    (made,) = found.blueprint.server_groups
    assert made is not None
    assert (made.name, made.policy, found.blueprint.servers[0].group) == ("apart", "affinity", Ref(made="g1"))


def test_a_server_group_is_not_made_again_beside_one_of_its_name():
    """The job finds what it has made by that name: Nova renames no server group."""
    other = {"id": "g2", "name": "apart", "policy": "anti-affinity"}
    (choice,) = grouped(other, chosen_group=None).choices
    assert NEW not in choice.options
    found = grouped(other, chosen_group=NEW)
    (problem,) = found.problems
    assert (found.status, problem.ids) == (REFUSED, ("g2",))


def test_interfaces_are_in_the_order_in_which_the_server_has_its_addresses():
    """Nova lists interfaces by the ids of their ports; only `addresses` tells the order in which they were given."""

    def port(id_: str, mac: str, *addresses: str) -> Json:
        fixed = [{"subnet_id": SUBNET, "ip_address": one} for one in addresses]
        return {"port": {"id": id_, "network_id": NET, "mac_address": mac, "fixed_ips": fixed}}

    def row(mac: str, address: str) -> Json:
        return {"OS-EXT-IPS-MAC:mac_addr": mac, "addr": address}

    addresses = {"front": [row("m3", "10.0.0.3"), row("m3", "203.0.113.3"), row("m1", "10.0.0.1")]}
    documents = {
        **DOCUMENTS,
        "server": {"server": {"addresses": {**addresses, "back": [row("m1", "10.9.0.1")]}}},
        "port/p0": port("p0", "m0"),
        "port/p1": port("p1", "m1", "10.0.0.1"),
        "port/p2": port("p2", "m1", "10.9.0.1"),
        "port/p3": port("p3", "m3", "10.0.0.3"),
    }
    captured = Captured(**{n: getattr(CAPTURED, n) for n in CAPTURED.__slots__} | {"documents": documents})
    assert interface_order(captured) == ["p3", "p1", "p2", PORT, "p0"]


ROUTER, EXTERNAL = "r" * 8, "x" * 8
ROUTED: dict[str, Json] = {
    **DOCUMENTS,
    f"network/{EXTERNAL}": {"network": {"id": EXTERNAL, "name": "public", "router:external": True}},
    f"subnet/{SUBNET}": {
        "subnet": {"id": SUBNET, "network_id": NET, "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1"}
    },
    f"router/{ROUTER}": {
        "router": {
            "id": ROUTER,
            "name": "edge",
            "external_gateway_info": {"network_id": EXTERNAL, "enable_snat": False},
            "routes": [{"destination": "192.0.2.0/24", "nexthop": "10.0.0.9"}],
        }
    },
    f"floatingip/{FLOATING}": {
        "floatingip": {
            "id": FLOATING,
            "floating_ip_address": PUBLIC,
            "floating_network_id": EXTERNAL,
            "router_id": ROUTER,
        }
    },
    f"port_forwardings/{FLOATING}": {
        "port_forwardings": [
            {
                "id": f"pf{number}",
                "protocol": "tcp",
                "external_port": 2222 + number,
                "external_port_range": f"{2222 + number}:{2222 + number}",
                "internal_port": 22,
                "internal_port_id": port,
                "internal_ip_address": ADDRESS,
            }
            for number, port in enumerate((PORT, "somebody's"))
        ]
    },
}
ROUTED.pop(f"floatingips/{PORT}")


def routed(*, holders: tuple[Holder, ...] = (), forwards: Any = (), **changes: Any) -> Plan:
    """The plan where the router is gone, and the floating IP is the project's."""
    captured = Captured(
        **{n: getattr(CAPTURED, n) for n in CAPTURED.__slots__} | {"documents": ROUTED, "masked": ROUTED}
    )
    floating = (FloatingHolder(address=PUBLIC, id=FLOATING, port_id=None, forwards=forwards),)
    seen = view(holders=holders, floating=floating)
    standing = {**seen.standing, f"router/{ROUTER}": None, f"network/{EXTERNAL}": {"network": {}}}
    seen = CloudView(**{n: getattr(seen, n) for n in seen.__slots__} | {"standing": standing})
    return plan(captured, seen, chosen(**{"floating_ips": {}, "routers": {ROUTER: NEW}, **changes}))


def test_a_router_that_is_gone_is_made_again_with_gateway_interface_and_routes():
    found = routed()
    assert (found.status, found.problems, found.choices) == (READY, (), ())
    assert found.blueprint is not None
    (router,) = found.blueprint.routers
    assert (router.name, router.fields) == ("edge", {"external_gateway_info": {"network_id": EXTERNAL}})
    assert router.routes == ({"destination": "192.0.2.0/24", "nexthop": "10.0.0.9"},)
    (interface,) = found.blueprint.interfaces
    assert (interface.router, interface.subnet) == (Ref(made=ROUTER), Ref(id=SUBNET))
    assert interface.address == "10.0.0.1"
    assert fate(found, "router.external_gateway_info.enable_snat", f"router/{ROUTER}") == "lost"


def test_a_router_stands_where_the_record_tells_and_its_place_is_free():
    other = "fa:16:3e:00:00:09"
    holder = Holder(network_id=NET, port_id="p9", mac=other, addresses=("10.0.0.1",))
    (problem,) = routed(holders=(holder,)).problems
    assert problem.ids == ("p9",)
    ports = (PortChoice(port_id=PORT, network=NEW),)
    again = routed(holders=(holder,), ports=ports)
    assert again.blueprint is not None
    (interface,) = again.blueprint.interfaces
    assert (interface.network, interface.subnet) == (Ref(made=NET), Ref(made=SUBNET))


def test_an_address_that_the_project_has_again_is_led_by_the_id_that_it_has_now():
    now = (FloatingHolder(address=PUBLIC, id="f2", port_id=None),)
    found = plan(CAPTURED, view(floating=now), chosen(floating_ips={}))
    assert (found.status, found.mapping.floating_ips) == (READY, {FLOATING: KEEP})
    assert found.blueprint is not None
    assert [one.id for one in found.blueprint.floating_ips] == ["f2"]
    (row,) = [row for row in found.rows if row.field == "floatingips.0.id"]
    assert (row.fate, row.target) == ("mapped", "f2")


def test_only_the_forwardings_to_the_server_s_own_ports_are_set_again():
    found = routed()
    assert found.blueprint is not None
    (floating,) = found.blueprint.floating_ips
    assert (floating.id, floating.port) == (FLOATING, None)
    (forwarding,) = floating.forwards
    assert (forwarding.port, forwarding.address) == (PORT, ADDRESS)
    assert forwarding.fields == {"protocol": "tcp", "external_port": 2222, "internal_port": 22}
    document = f"port_forwardings/{FLOATING}"
    assert fate(found, "port_forwardings.0.internal_port", document) == "kept"
    assert fate(found, "port_forwardings.1.internal_port", document) == "lost"
    taken = routed(forwards=(("tcp", 2222, "p9"),))
    assert [choice.member for choice in taken.choices] == [f"floating_ips.{FLOATING}"]
    free = routed(forwards=(("tcp", 2223, "p9"),))
    assert free.status == READY
    addressed = routed(ports=(PortChoice(port_id=PORT, network=KEEP, address=NEW),))
    assert addressed.blueprint is not None
    assert addressed.blueprint.floating_ips[0].forwards[0].address is None
