"""Who has the addresses of a record now: the ports with its addresses and MACs, and the floating IPs.

It is asked as administrator, since a port of another project can hold one too; its id is not told.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from opencbr.cloud.reader import Reader
from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.captured import Captured, Json, kind_of, rows, thing
from opencbr.model.restore_plan.choices import KEEP, MAP, NEW, Choices
from opencbr.model.restore_plan.view import FloatingHolder, Holder

Ask = Callable[[], Any]


def asked_holders(reader: Reader, captured: Captured, choices: Choices, project_id: str) -> dict[str, Ask]:
    """Give the questions who holds what was chosen to be kept on a network, each by a name that begins with `holders/`.

    An answer is a list of Holder.
    """
    return {f"holders/{query}": _holders(reader, query, project_id) for query in _held(captured, choices)}


def asked_floating(reader: Reader, captured: Captured, project_id: str) -> dict[str, Ask]:
    """Give the questions who holds the floating addresses, each by a name that begins with `floating/`.

    An answer is a list of FloatingHolder.
    """
    return {f"floating/{address}": _floating(reader, address, project_id) for address in _addresses(captured)}


def _held(captured: Captured, choices: Choices) -> set[str]:
    """Give the queries that find who has an address or MAC of the record on the networks that were chosen."""
    found = set()
    ports = {**captured.of("port"), **captured.of("subport")}
    for choice in choices.ports:
        port = ports.get(choice.port_id)
        if port is None or choice.network not in (KEEP, MAP):
            continue
        network = choice.network_id if choice.network == MAP else named("port", {"port": port}, "network")[0]
        if network is None:
            continue
        found.add(_query(network_id=network, mac_address=str(port.get("mac_address"))))
        for fixed in rows(port, "fixed_ips"):
            found.add(_query(network_id=network, fixed_ips=f"ip_address={fixed.get('ip_address')}"))
    if NEW in choices.routers.values():
        for subnet in captured.of("subnet").values():
            network = named("subnet", {"subnet": subnet}, "network")[0]
            found.add(_query(network_id=network, fixed_ips=f"ip_address={subnet.get('gateway_ip')}"))
    return found


def _query(**fields: str) -> str:
    return urlencode(fields)


def _holders(reader: Reader, query: str, project_id: str) -> Ask:
    def ask() -> list[Holder]:
        found = reader.ask("network", f"/ports?{query}").json()
        return [_holder(row, project_id) for row in rows(found, "ports")]

    return ask


def _holder(port: Json, project_id: str) -> Holder:
    ours = project_id in (port.get("project_id"), port.get("tenant_id"))
    on_server = str(port.get("device_owner") or "").startswith("compute:")
    return Holder(
        network_id=named("port", {"port": port}, "network")[0],
        port_id=str(port.get("id")) if ours else None,
        mac=str(port.get("mac_address")),
        addresses=tuple(str(one.get("ip_address")) for one in rows(port, "fixed_ips")),
        server_id=str(port.get("device_id")) if ours and on_server else None,
    )


def _addresses(captured: Captured) -> list[str]:
    found = [
        str(row.get("floating_ip_address"))
        for name, body in captured.documents.items()
        if kind_of(name) == "floatingips"
        for row in rows(body, "floatingips")
    ]
    found += [
        str(thing("floatingip", body).get("floating_ip_address"))
        for name, body in captured.documents.items()
        if kind_of(name) == "floatingip"
    ]
    return list(dict.fromkeys(found))


def _floating(reader: Reader, address: str, project_id: str) -> Ask:
    def ask() -> list[FloatingHolder]:
        found = reader.ask("network", "/floatingips", {"floating_ip_address": address}).json()
        return [
            FloatingHolder(
                address=address,
                id=str(row.get("id"))
                if (ours := project_id in (row.get("project_id"), row.get("tenant_id")))
                else None,
                port_id=row.get("port_id") if ours else None,
                forwards=_forwards(row) if ours else (),
            )
            for row in rows(found, "floatingips")
        ]

    return ask


def _forwards(floating_ip: Json) -> tuple[tuple[str, int, str], ...]:
    return tuple(
        (str(row.get("protocol")), row.get("external_port") or 0, str(row.get("internal_port_id")))
        for row in rows(floating_ip, "port_forwardings")
    )
