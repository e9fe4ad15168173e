"""A record as a restore drill plans it: cut off from all that stands, so that two servers of one address never meet.

Every network is made again as the project's own, without a router and without names that a DNS would publish; no floating IP
leads there. Inside, addresses and MACs are those of the record. Security groups are made again too: a port in a group that
stands would let its address into other servers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opencbr.model.restore_plan.captured import Captured, Json, kind_of, thing
from opencbr.model.restore_plan.choices import DROP, KEEP, NEW, Choices, PortChoice

_CUT_OFF = frozenset({"router", "floatingip", "floatingips", "port_forwardings"})
"""Kinds of documents by which a server is reached from outside."""
_RESERVED = "default"
"""The one group that Neutron makes itself; what a drill makes has names of its own."""


def isolated(captured: Captured) -> tuple[Captured, Choices]:
    """Give the record without its ways to the outside, and the mapping that cuts the server off.

    User data does not run again, since it could change what is to be looked at; key pair and server group are left out, since
    they say nothing of the backup and can stand against a server; it is not locked, since it is removed soon.
    """
    within = replace(
        captured,
        documents={
            name: _cut_off(name, body, captured.project_id) for name, body in _inner(captured.documents)
        },
        masked=dict(_inner(captured.masked)),
    )
    there = within.of("security_group")
    return within, Choices(
        user_data=DROP,
        key_pair=DROP,
        server_group=DROP,
        ports=tuple(
            PortChoice(port_id=port, network=NEW, address=KEEP, mac=KEEP)
            for port in {**within.of("port"), **within.of("subport")}
        ),
        security_groups={group: NEW if group in there else DROP for group in within.groups()},
    )


def _inner(documents: Mapping[str, Json]) -> list[tuple[str, Json]]:
    return [(name, body) for name, body in documents.items() if kind_of(name) not in _CUT_OFF]


def _cut_off(name: str, body: Json, project_id: str) -> Json:
    """Change what a document says so that the thing can be made in a drill."""
    kind = kind_of(name)
    if kind == "network":
        return _with(kind, body, project_id=project_id, tenant_id=project_id, dns_domain="")
    if kind == "server":
        return _with(kind, body, locked=False)
    if kind == "security_group" and thing(kind, body).get("name") == _RESERVED:
        return _with(kind, body, name=f"{_RESERVED} of the record")
    return body


def _with(kind: str, body: Json, **changes: Any) -> Json:
    return {**body, kind: {**thing(kind, body), **changes}}
