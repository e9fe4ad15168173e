"""Ports and what they need, in the order in which Neutron takes them: groups, networks, ports, trunks."""

from collections.abc import Mapping
from typing import Any

from opencbr.cloud.errors import Refused
from opencbr.jobs.new_server.parts import Parts
from opencbr.model.restore_plan.blueprint import NewGroup, NewNetwork, NewPort, NewRule, NewTrunk

_RULE = (
    *("direction", "ethertype", "protocol", "port_range_min", "port_range_max"),
    *("remote_ip_prefix", "remote_group_id", "remote_address_group_id"),
)
_CONFLICT = 409

Json = dict[str, Any]


def make_groups(parts: Parts) -> None:
    """Make the security groups again, then their rules: a rule may name another group of them."""
    for group in parts.blueprint.groups:
        fields = {"description": group.description}
        parts.of_neutron(
            "security_group",
            group.key,
            fields | ({"stateful": group.stateful} if group.stateful is not None else {}),
        )
    for group in parts.blueprint.groups:
        _set_rules(parts, group)


def _set_rules(parts: Parts, group: NewGroup) -> None:
    """Give a group the rules of the record and no others: Neutron makes some itself."""
    networks, group_id = parts.project.networks, parts.ids("security_group")[group.key]
    wanted = {_content(fields): fields for rule in group.rules if (fields := _rule(parts, rule))}
    there = {
        _content(rule): rule
        for rule in networks.get("security_group", group_id).get("security_group_rules") or ()
    }
    for content, rule in there.items():
        if content not in wanted:
            parts.ctx.guard()
            networks.delete_rule(str(rule["id"]))
    for content, fields in wanted.items():
        if content not in there:
            parts.ctx.guard()
            try:
                networks.add_rule({"security_group_id": group_id, **fields})
            except Refused as error:
                # Otherwise it has the rule: the answer to an earlier request was lost.
                if error.status != _CONFLICT or error.is_over_quota:
                    raise
    if group.tags:
        networks.set_tags("security_group", group_id, group.tags)


def _rule(parts: Parts, rule: NewRule) -> Json:
    remote = (
        {}
        if rule.remote_group is None
        else {"remote_group_id": parts.resolve("security_group", rule.remote_group)}
    )
    return {**rule.fields, **remote}


def _content(rule: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple("" if rule.get(name) is None else str(rule[name]) for name in _RULE)


def make_networks(parts: Parts) -> None:
    """Make networks again with their subnets."""
    for network in parts.blueprint.networks:
        _make_network(parts, network)


def _make_network(parts: Parts, network: NewNetwork) -> None:
    fields = {name: value for name, value in network.fields.items() if name != "name"}
    network_id = parts.of_neutron("network", network.key, fields)
    if network.tags:
        parts.project.networks.set_tags("network", network_id, network.tags)
    for subnet in network.subnets:
        fields = {name: value for name, value in subnet.fields.items() if name != "name"}
        subnet_id = parts.of_neutron("subnet", subnet.key, fields | {"network_id": network_id})
        if subnet.tags:
            parts.project.networks.set_tags("subnet", subnet_id, subnet.tags)
    # Not with the other names in the end: Nova tells a server's addresses by the name that it met at the boot, for minutes.
    parts.project.networks.update("network", network_id, {"name": str(network.fields.get("name") or "")})


def make_ports(parts: Parts) -> None:
    """Make all ports, with their addresses and MACs."""
    for port in parts.blueprint.ports:
        _make_port(parts, port)


def _make_port(parts: Parts, port: NewPort) -> None:
    fields: Json = {**port.fields, "network_id": parts.resolve("network", port.network)}
    if port.mac:
        fields["mac_address"] = port.mac
    if port.addresses is not None:
        fields["fixed_ips"] = [
            {"subnet_id": parts.resolve("subnet", one.subnet)}
            | ({"ip_address": one.address} if one.address else {})
            for one in port.addresses
        ]
    fields["security_groups"] = [parts.resolve("security_group", one) for one in port.groups]
    port_id = parts.of_neutron("port", port.key, fields)
    if port.tags:
        parts.project.networks.set_tags("port", port_id, port.tags)


def make_trunks(parts: Parts) -> None:
    """Make the trunks on their ports, before a server is on them."""
    ports = parts.ids("port") if parts.blueprint.trunks else {}
    for trunk in parts.blueprint.trunks:
        _make_trunk(parts, trunk, ports)


def _make_trunk(parts: Parts, trunk: NewTrunk, ports: Mapping[str, str]) -> None:
    below = [
        {"port_id": ports[port], "segmentation_type": kind, "segmentation_id": number}
        for port, kind, number in trunk.sub_ports
    ]
    fields = {**trunk.fields, "port_id": ports[trunk.parent], "sub_ports": below}
    trunk_id = parts.of_neutron("trunk", trunk.key, fields)
    if trunk.tags:
        parts.project.networks.set_tags("trunk", trunk_id, trunk.tags)
