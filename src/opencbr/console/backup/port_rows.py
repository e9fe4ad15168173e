"""The server's ports in the order of its interfaces, with their addresses, and the subports of trunks behind them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Documents
from opencbr.console.backup.floating_addresses import FloatingAddress, floating_addresses
from opencbr.console.backup.json_values import flag_of, id_of, member, rows, text_of, words


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAddress:
    """An address of a port in a subnet."""

    address: str | None
    subnet: str | None
    subnet_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRow:
    """A port of the server, or a subport (`parent` is its trunk's port, `vlan` how it is told apart).

    `port_security` is None when nothing tells; `missing` says why the port's document is not here.
    """

    id: str
    name: str | None
    mac: str | None
    status: str | None
    network: str | None
    network_name: str | None
    fixed: tuple[FixedAddress, ...]
    floating: tuple[FloatingAddress, ...]
    groups: tuple[str, ...]
    """Ids of security groups."""
    group_names: tuple[str, ...]
    port_security: bool | None
    allowed_pairs: tuple[str, ...]
    qos_policy: str | None
    trunk: str | None
    parent: str | None
    vlan: str | None
    missing: str | None

    @property
    def label(self) -> str:
        """The name, or the id of a port without one."""
        return self.name or self.id


def port_rows(documents: Documents) -> tuple[PortRow, ...]:
    """List the ports; each is followed by the subports of its trunk."""
    interfaces = {id_: one for one in rows(documents.thing("interface")) if (id_ := id_of(one, "port_id"))}
    floating = floating_addresses(documents)
    subports = _subports(documents)
    listed: list[PortRow] = []
    for id_ in dict.fromkeys([*interfaces, *documents.things("port")]):
        found = _row(documents, id_, documents.thing(f"port/{id_}"), interfaces.get(id_), floating)
        listed.append(found)
        for sub, (parent, vlan) in subports.items():
            if parent == id_:
                told = documents.thing(f"subport/{sub}")
                listed.append(_row(documents, sub, told, None, floating, parent=parent, vlan=vlan))
    return tuple(listed)


def _subports(documents: Documents) -> dict[str, tuple[str, str]]:
    """Return the subports of all trunks: id -> parent port and segmentation."""
    told: list[tuple[str | None, Any]] = [
        (id_, member(port, "trunk_details")) for id_, port in documents.things("port").items()
    ]
    told += [(id_of(trunk, "port_id"), trunk) for trunk in documents.things("trunk").values()]
    found: dict[str, tuple[str, str]] = {}
    for parent, trunk in told:
        for row in rows(trunk, "sub_ports"):
            vlan = " ".join(
                filter(None, (text_of(row, "segmentation_type"), text_of(row, "segmentation_id")))
            )
            if (id_ := id_of(row, "port_id")) and parent:
                found[id_] = parent, vlan
    return found


def _row(
    documents: Documents,
    id_: str,
    port: Any,
    interface: Any,
    floating: dict[str, tuple[FloatingAddress, ...]],
    *,
    parent: str | None = None,
    vlan: str | None = None,
) -> PortRow:
    network = id_of(port, "network_id") or id_of(interface, "net_id")
    groups = [one for one in rows(port, "security_groups") if isinstance(one, str)]
    policy = id_of(port, "qos_policy_id")
    return PortRow(
        id=words(id_) or "",
        name=text_of(port, "name"),
        mac=text_of(port, "mac_address") or text_of(interface, "mac_addr"),
        status=text_of(port, "status") or text_of(interface, "port_state"),
        network=words(network),
        network_name=text_of(documents.thing(f"network/{network}"), "name"),
        fixed=tuple(_fixed(documents, rows(port, "fixed_ips") or rows(interface, "fixed_ips"))),
        floating=floating.get(id_, ()),
        groups=tuple(groups),
        group_names=tuple(
            text_of(documents.thing(f"security_group/{one}"), "name") or words(one) or "" for one in groups
        ),
        port_security=flag_of(port, "port_security_enabled"),
        allowed_pairs=tuple(_pairs(port)),
        qos_policy=text_of(documents.thing(f"qos_policy/{policy}"), "name") or words(policy),
        trunk=text_of(port, "trunk_details", "trunk_id"),
        parent=words(parent),
        vlan=words(vlan),
        missing=documents.why_missing(f"port/{id_}" if parent is None else f"subport/{id_}"),
    )


def _fixed(documents: Documents, told: list[Any]) -> Iterator[FixedAddress]:
    for one in told:
        subnet = id_of(one, "subnet_id")
        name = text_of(documents.thing(f"subnet/{subnet}"), "name")
        yield FixedAddress(address=text_of(one, "ip_address"), subnet=words(subnet), subnet_name=name)


def _pairs(port: Any) -> Iterator[str]:
    for one in rows(port, "allowed_address_pairs"):
        address, mac = text_of(one, "ip_address"), text_of(one, "mac_address")
        yield " ".join(filter(None, (address, f"({mac})" if mac else None)))
