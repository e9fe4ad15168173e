"""The order of a server's interfaces, in which its guest finds its network cards."""

from opencbr.model.restore_plan.captured import Captured, rows

_MAC = "OS-EXT-IPS-MAC:mac_addr"


def interface_order(captured: Captured) -> list[str]:
    """List the ids of the server's ports in the order in which they were given to it, as far as the record tells.

    Nova lists interfaces by the ids of their ports, and only the server's `addresses` in this order, network by network. How
    the ports of several networks lay between each other is told nowhere: a network's ports stay together. Ports without an
    address come last.
    """
    ports = captured.of("port")
    by_address = {
        (port.get("mac_address"), fixed.get("ip_address")): port_id
        for port_id, port in ports.items()
        for fixed in rows(port, "fixed_ips")
    }
    addresses = captured.server.get("addresses") or {}
    seen = [(row.get(_MAC), row.get("addr")) for network in addresses for row in rows(addresses, network)]
    return list(dict.fromkeys([*(by_address[one] for one in seen if one in by_address), *ports]))
