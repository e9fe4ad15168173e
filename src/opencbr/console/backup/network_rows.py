"""Networks with their subnets, and the routers beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Documents
from opencbr.console.backup.json_values import flag_of, member, rows, text_of, words
from opencbr.console.backup.port_rows import PortRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetRow:
    """A subnet; `missing` says why its document is not here."""

    id: str
    name: str | None
    cidr: str | None
    gateway: str | None
    dhcp: bool | None
    nameservers: tuple[str, ...]
    missing: str | None

    @property
    def label(self) -> str:
        """The name, or the id of a subnet without one."""
        return self.name or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRow:
    """A network; `joined` tells whether a port of the server is on it, `external` whether it leads outside."""

    id: str
    name: str | None
    external: bool
    joined: bool
    shared: bool | None
    mtu: str | None
    subnets: tuple[SubnetRow, ...]
    missing: str | None

    @property
    def label(self) -> str:
        """The name, or the id of a network without one."""
        return self.name or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterRow:
    """A router that stands in one of the server's subnets.

    A record does not say in which: `subnets` has those that a floating IP goes to over it, or the only one that there is.
    """

    id: str
    name: str | None
    status: str | None
    gateway: str | None
    """Id of the external network."""
    addresses: tuple[str, ...]
    snat: bool | None
    subnets: tuple[str, ...]
    missing: str | None

    @property
    def label(self) -> str:
        """The name, or the id of a router without one."""
        return self.name or self.id


def network_rows(
    documents: Documents, ports: Iterable[PortRow], routers: Iterable[RouterRow]
) -> tuple[NetworkRow, ...]:
    """List the networks of the ports in their order, then those that routers and floating IPs lead to, then any other."""
    ports = list(ports)
    joined = dict.fromkeys(port.network for port in ports if port.network)
    outside = [one.network for port in ports for one in port.floating] + [
        router.gateway for router in routers
    ]
    known = documents.things("network")
    named: dict[str, dict[str, None]] = {}
    for port in ports:
        used = (fixed.subnet for fixed in port.fixed if fixed.subnet)
        named.setdefault(port.network or "", {}).update(dict.fromkeys(used))
    for id_, subnet in documents.things("subnet").items():
        around = member(subnet, "network_id")
        named.setdefault(around if isinstance(around, str) else "", {})[id_] = None
    return tuple(
        _network(documents, id_, named.get(id_, {}), joined=id_ in joined, outside=id_ in outside)
        for id_ in dict.fromkeys([*joined, *filter(None, outside), *known])
    )


def router_rows(documents: Documents, ports: Iterable[PortRow]) -> tuple[RouterRow, ...]:
    """List the routers, and those that floating IPs name and that could not be read."""
    subnets: dict[str, dict[str, None]] = {}
    ports = list(ports)
    all_subnets = {fixed.subnet for port in ports for fixed in port.fixed if fixed.subnet}
    only = tuple(all_subnets) if len(all_subnets) == 1 else ()
    for port in ports:
        by_address = {fixed.address: fixed.subnet for fixed in port.fixed}
        for one in port.floating:
            at = by_address.get(one.fixed) if one.fixed else next(iter(by_address.values()), None)
            if one.router:
                subnets.setdefault(one.router, {}).update({at: None} if at else {})
    ids = dict.fromkeys([*documents.things("router"), *subnets])
    return tuple(_router(documents, id_, tuple(subnets.get(id_, ())) or only) for id_ in ids)


def _network(
    documents: Documents, id_: str, subnets: Iterable[str], *, joined: bool, outside: bool
) -> NetworkRow:
    network = documents.thing(f"network/{id_}")
    return NetworkRow(
        id=words(id_) or "",
        name=text_of(network, "name"),
        external=flag_of(network, "router:external") or (outside and not joined),
        joined=joined,
        shared=flag_of(network, "shared"),
        mtu=text_of(network, "mtu"),
        subnets=tuple(_subnet(documents, one) for one in subnets),
        missing=documents.why_missing(f"network/{id_}"),
    )


def _subnet(documents: Documents, id_: str) -> SubnetRow:
    subnet = documents.thing(f"subnet/{id_}")
    return SubnetRow(
        id=words(id_) or "",
        name=text_of(subnet, "name"),
        cidr=text_of(subnet, "cidr"),
        gateway=text_of(subnet, "gateway_ip"),
        dhcp=flag_of(subnet, "enable_dhcp"),
        nameservers=tuple(filter(None, map(words, rows(subnet, "dns_nameservers")))),
        missing=documents.why_missing(f"subnet/{id_}"),
    )


def _router(documents: Documents, id_: str, subnets: tuple[str, ...]) -> RouterRow:
    router = documents.thing(f"router/{id_}")
    gateway = member(router, "external_gateway_info")
    return RouterRow(
        id=words(id_) or "",
        name=text_of(router, "name"),
        status=text_of(router, "status"),
        gateway=text_of(gateway, "network_id"),
        addresses=tuple(_addresses(gateway)),
        snat=flag_of(gateway, "enable_snat"),
        subnets=subnets,
        missing=documents.why_missing(f"router/{id_}"),
    )


def _addresses(gateway: Any) -> Iterator[str]:
    for one in rows(gateway, "external_fixed_ips"):
        if shown := text_of(one, "ip_address"):
            yield shown
