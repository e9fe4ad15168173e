"""Floating IPs: those that a port has, and those that forward single ports to it."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Documents
from opencbr.console.backup.json_values import id_of, rows, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingAddress:
    """A floating IP as one port has it; `forwards` is empty when all its traffic goes to `fixed`."""

    id: str
    address: str | None
    fixed: str | None
    network: str | None
    """Id of the external network."""
    router: str | None
    forwards: tuple[str, ...]


def floating_addresses(documents: Documents) -> dict[str, tuple[FloatingAddress, ...]]:
    """Return the floating IPs of each port, by the port's id."""
    found: defaultdict[str, list[FloatingAddress]] = defaultdict(list)
    for port, listed in documents.things("floatingips").items():
        found[port] += [_floating(one, text_of(one, "fixed_ip_address"), ()) for one in rows(listed)]
    for id_, one in documents.things("floatingip").items():
        rules = rows(documents.thing(f"port_forwardings/{id_}")) or rows(one, "port_forwardings")
        ports: defaultdict[str, list[str]] = defaultdict(list)
        for rule in rules:
            if to := id_of(rule, "internal_port_id"):
                ports[to].append(_forward(rule))
        for port, forwards in ports.items():
            found[port].append(_floating(one, None, tuple(forwards)))
    return {port: tuple(addresses) for port, addresses in found.items()}


def _floating(one: Any, fixed: str | None, forwards: tuple[str, ...]) -> FloatingAddress:
    return FloatingAddress(
        id=text_of(one, "id") or "",
        address=text_of(one, "floating_ip_address"),
        fixed=fixed,
        network=text_of(one, "floating_network_id"),
        router=text_of(one, "router_id"),
        forwards=forwards,
    )


def _forward(rule: Any) -> str:
    """Say a forwarding in words: `tcp 2222 to 10.1.0.20 port 22`."""
    outer = text_of(rule, "external_port_range") or text_of(rule, "external_port") or "?"
    inner = text_of(rule, "internal_port_range") or text_of(rule, "internal_port") or "?"
    outer, inner = (_single(one) for one in (outer, inner))
    to = text_of(rule, "internal_ip_address") or "the port"
    return f"{text_of(rule, 'protocol') or 'any'} {outer} to {to} port {inner}"


def _single(ports: str) -> str:
    first, _, last = ports.partition(":")
    return first if first == last else ports
