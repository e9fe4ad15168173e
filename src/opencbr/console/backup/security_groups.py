"""Security groups with their rules, a short line each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opencbr.console.backup.documents import Documents
from opencbr.console.backup.json_values import flag_of, member, rows, text_of, words


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """A security group; `incoming` and `outgoing` are its rules in words. `missing` says why its document is not here."""

    id: str
    name: str | None
    description: str | None
    stateful: bool | None
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    on_ports: int
    missing: str | None

    @property
    def label(self) -> str:
        """The name, or the id of a group without one."""
        return self.name or self.id


def security_groups(documents: Documents, on_ports: Iterable[str]) -> tuple[SecurityGroup, ...]:
    """List the groups on the ports in their order, then those that only rules name.

    `on_ports` are the ids of groups, one for each port that has it.
    """
    used = list(on_ports)
    known = documents.things("security_group")
    return tuple(_group(documents, id_, used.count(id_)) for id_ in dict.fromkeys([*used, *known]))


def _group(documents: Documents, id_: str, on_ports: int) -> SecurityGroup:
    group = documents.thing(f"security_group/{id_}")
    rules = rows(group, "security_group_rules")
    return SecurityGroup(
        id=words(id_) or "",
        name=text_of(group, "name"),
        description=text_of(group, "description"),
        stateful=flag_of(group, "stateful"),
        incoming=tuple(rule_line(documents, one) for one in rules if member(one, "direction") == "ingress"),
        outgoing=tuple(rule_line(documents, one) for one in rules if member(one, "direction") != "ingress"),
        on_ports=on_ports,
        missing=documents.why_missing(f"security_group/{id_}"),
    )


def rule_line(documents: Documents, rule: Any) -> str:
    """Say a rule in one line: `IPv4 tcp 22 from 198.51.100.0/24 (office)`."""
    inward = member(rule, "direction") == "ingress"
    parts = [
        text_of(rule, "ethertype") or "",
        _traffic(rule),
        "from" if inward else "to",
        _remote(documents, rule),
    ]
    line = " ".join(filter(None, parts))
    described = text_of(rule, "description")
    return f"{line} ({described})" if described else line


def _traffic(rule: Any) -> str:
    protocol = text_of(rule, "protocol")
    first, last = text_of(rule, "port_range_min"), text_of(rule, "port_range_max")
    if protocol in (None, "any"):
        return "all traffic"
    if protocol in ("icmp", "ipv6-icmp", "icmpv6"):  # Neutron keeps type and code in the two bounds
        kind = f" type {first}" if first else ""
        return f"{protocol}{kind}" + (f" code {last}" if last else "")
    if first is None and last is None:
        return f"{protocol}, all ports"
    return f"{protocol} {first}" if first == last else f"{protocol} {first or ''}-{last or ''}"


def _remote(documents: Documents, rule: Any) -> str:
    if prefix := text_of(rule, "remote_ip_prefix"):
        return prefix
    if group := member(rule, "remote_group_id"):
        if group == member(rule, "security_group_id"):
            return "members of this group"
        return f"members of {text_of(documents.thing(f'security_group/{group}'), 'name') or words(group)}"
    if addresses := member(rule, "remote_address_group_id"):
        named = documents.thing(f"address_group/{addresses}")
        listed = ", ".join(filter(None, map(words, rows(named, "addresses"))))
        return f"address group {text_of(named, 'name') or words(addresses)}" + (
            f": {listed}" if listed else ""
        )
    return "anywhere"
